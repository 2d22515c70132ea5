"""What every action is given first: the app it works for, and the ways to the outside world."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from hufu.domain.instants import Instant
from hufu.domain.limits import Limits
from hufu.domain.passwords import PasswordPolicy, Scheme
from hufu.domain.rewards import Deed
from hufu.domain.sessions import SessionPolicy
from hufu.services.argon2 import Hasher
from hufu.services.captcha import CaptchaPainter
from hufu.services.clock import Clock
from hufu.services.delivery import Channel
from hufu.services.erasures import ErasureJournal
from hufu.services.images import Images
from hufu.services.keys import Digester, Sealer
from hufu.services.templates import Templates
from hufu.services.uploads import Uploads
from hufu.storage.database import Database
from hufu.storage.work import Work

PICTURES = "uploads/avatar/"
"""The path of stored pictures below the mount of every app."""


@dataclass(frozen=True, slots=True)
class App:
    """One app: its dialect's traits and the operator's settings, as far as actions need them.

    `url` is where clients reach its mount, without a slash at the end. Prices are in 1/10000.
    `mint_token` makes a session token of the dialect's form. `reward_items` are the items that
    reward what people do here; `reward_zone` is where a day of rewards begins and ends.
    """

    name: str
    title: str
    url: str
    pool: str
    language: str
    scheme: Scheme
    mint_token: Callable[[], str]
    session_guesses_limited: bool
    unique_names: bool
    handles: bool
    unproved_addresses: bool
    sole_identity_numbers: bool
    reveal_unknown_user: bool
    mask_identity_number: bool
    password_policy: PasswordPolicy
    code_digits: int
    code_life: timedelta
    sessions: SessionPolicy
    recovery_delay: timedelta
    price_per_message: int
    budget_per_day: int
    sms_countries: frozenset[str]
    reward_items: Mapping[Deed, str]
    reward_zone: tzinfo

    def picture_url(self, picture: str) -> str:
        """Where clients fetch a stored picture."""
        return f"{self.url}/{PICTURES}{picture}"


class Channels(Protocol):
    """Whether messages can be sent at the moment."""

    def rest(self, app: str, channel: Channel) -> float:
        """Seconds for which the provider of the app's channel is left alone, because it keeps
        failing; 0 where it is thought to be working."""
        ...


@dataclass(frozen=True, slots=True)
class Secrets:
    """The keyed services, each with a key of its own."""

    codes: Digester = field(repr=False)
    blind_index: Digester = field(repr=False)
    letters: Sealer = field(repr=False)
    captchas: Sealer = field(repr=False)
    identity_numbers: Sealer = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deps:
    """The frozen bundle that every action gets first; one per app."""

    app: App
    limits: Limits
    database: Database
    clock: Clock
    hasher: Hasher
    secrets: Secrets
    channels: Channels
    templates: Templates
    images: Images
    painter: CaptchaPainter
    uploads: Uploads
    erasures: ErasureJournal
    on_letters: Callable[[], None]

    def now(self) -> datetime:
        """The time by the database's clock, in UTC."""
        return self.clock.now()

    def instant(self) -> Instant:
        """The same as a number."""
        return self.clock.instant()

    def begin(self) -> AbstractAsyncContextManager[Work]:
        """One transaction; nothing of it lasts without `commit`. Raises DatabaseUnavailable."""
        return self.database.begin(self.on_letters)

    def look(self) -> AbstractAsyncContextManager[Work]:
        """Single statements without a transaction. Raises DatabaseUnavailable."""
        return self.database.look()
