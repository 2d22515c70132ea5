"""Profiles: what an app knows of an account beyond who it is. One per account and app."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Sex(IntEnum):
    """As the first of the protocols numbers it."""

    MALE = 0
    FEMALE = 1
    UNDISCLOSED = 2


@dataclass(frozen=True, slots=True)
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
    created_at: datetime
    updated_at: datetime
    signed_in_at: datetime
