"""Profiles: what an app knows of an account beyond who it is. One per account and app."""

from dataclasses import field
from enum import IntEnum, StrEnum

from hufu.domain.identity_numbers import SealedIdentity
from hufu.domain.instants import Instant
from hufu.domain.values import value


class Sex(IntEnum):
    """As the first of the protocols numbers it."""

    MALE = 0
    FEMALE = 1
    UNDISCLOSED = 2


@value
class Profile:
    """The profile of an account in an app. Absent text is None."""

    account_id: int
    name: str
    sex: Sex
    zip: str | None
    province: str | None
    city: str | None
    address: str | None
    country: str | None
    avatar: str | None
    logo_url: str | None
    organisation: str | None
    organisation_address: str | None
    person_name: str | None
    qq: str | None
    created_at: Instant
    updated_at: Instant
    signed_in_at: Instant


@value
class Me:
    """The account as its owner sees it in an app. Phone is E.164; handle only where the app has
    handles."""

    account_id: int
    handle: str | None
    phone: str | None
    email: str | None
    profile: Profile


@value
class SealedDetails:
    """A company's details, with the identity number still sealed; `inviter_phone` (E.164) is
    another person's number."""

    profile: Profile
    identity: SealedIdentity | None
    inviter_phone: str | None = field(repr=False)


class View(StrEnum):
    """What is read of an account together with its session: nothing more, its display name, `Me`,
    `SealedDetails`."""

    SESSION = "session"
    NAME = "name"
    PROFILE = "profile"
    DETAILS = "details"
