"""Who is asking, and what they are in an app."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from hufu.domain.profiles import Me, SealedDetails


class Role(StrEnum):
    """What an account is in one app. Only an operator gives anything but MEMBER."""

    MEMBER = "member"
    VIP = "vip"
    CREATOR = "creator"
    SUPPORT = "support"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who proved to own an account; only `authenticate` makes one.

    `session_id` is None when the proof was a password for this one call. `me` and `details` are
    there where they were read together with the session, and there was something to read.
    """

    account_id: int
    account_since: datetime
    session_id: UUID | None
    signed_in_at: datetime
    role: Role
    me: Me | None = None
    details: SealedDetails | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request came from.

    `network` is the client's network: the IPv4 address or the IPv6 /64, or None where the network
    says nothing about the client (loopback in development) and no limit applies to it.
    """

    network: str | None
    user_agent: str
