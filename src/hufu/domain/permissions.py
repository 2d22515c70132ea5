"""Who is asking, and what they are in an app."""

from enum import StrEnum
from uuid import UUID

from hufu.domain.instants import Instant
from hufu.domain.profiles import Me, SealedDetails
from hufu.domain.values import value


class Role(StrEnum):
    """What an account is in one app. Only an operator gives anything but MEMBER."""

    MEMBER = "member"
    VIP = "vip"
    CREATOR = "creator"
    SUPPORT = "support"
    ADMIN = "admin"


@value
class Caller:
    """Somebody who proved to own an account; only `authenticate` makes one.

    `session_id` is None when the proof was a password for this one call. `name`, `me` and
    `details` are there where they were read together with the session, and there was something to
    read.
    """

    account_id: int
    session_id: UUID | None
    signed_in_at: Instant
    role: Role
    name: str | None = None
    me: Me | None = None
    details: SealedDetails | None = None


@value
class Client:
    """Where a request came from.

    `network` is the client's network: the IPv4 address or the IPv6 /64, or None where the network
    says nothing about the client (loopback in development) and no limit applies to it.
    """

    network: str | None
    user_agent: str
