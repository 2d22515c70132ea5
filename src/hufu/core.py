"""What every entrance needs, built from the settings: a database, the services, and per app the
bundle that its actions are given."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from hufu.actions.delivery import Carrier, Courier, Route
from hufu.actions.deps import App, Deps, Secrets
from hufu.actions.janitor import Janitor, Pace
from hufu.configuration import Configuration
from hufu.domain.passwords import MIN_LENGTH, PasswordPolicy, Scheme
from hufu.domain.retention import Retention
from hufu.domain.sessions import SessionPolicy
from hufu.services.argon2 import Argon2Cost, Argon2Hasher
from hufu.services.blocklist import common_passwords
from hufu.services.breaker import Breaker
from hufu.services.captcha import CaptchaPainter
from hufu.services.clock import Clock, DatabaseClock
from hufu.services.cores import share_of_cores
from hufu.services.delivery import Channel
from hufu.services.erasures import ErasureJournal
from hufu.services.images import Images
from hufu.services.keys import Digester, Keyring, Sealer
from hufu.services.providers import ProviderSettings, open_provider
from hufu.services.templates import Templates
from hufu.services.uploads import Uploads
from hufu.settings import DIALECTS, OUTBOX, AppSettings, JanitorSettings, Settings
from hufu.storage.database import Database
from hufu.wire.deviations import (
    COMMON_PASSWORDS,
    LONG_LIVED_CODES,
    NO_SESSION_LIST,
    PLAIN_HTTP,
    SHORT_CODES,
    SHORT_PASSWORDS,
    SINGLE_FACTOR,
    SMS_ONLY_FACTOR,
    UNKNOWN_USER_TOLD,
    Deviation,
)
from hufu.wire.load import Load

STRICT_MIN_LENGTH = 8
SAFE_CODE_DIGITS = 6
SAFE_CODE_LIFE = timedelta(minutes=10)
RECOVERY_DELAY_HOURS = 72.0
PRICE_UNITS = 10_000
UPLOADS = Path("uploads", "avatar")
ERASURES = "erasures.jsonl"


@dataclass(frozen=True, slots=True)
class Core:
    """Everything behind the front door of one process. `problems` are what is done beside requests
    and has to be before it is ready, by name."""

    configuration: Configuration
    database: Database
    clock: Clock
    secrets: Secrets
    courier: Courier
    janitor: Janitor
    apps: Mapping[str, Deps]
    hasher: Argon2Hasher
    _images: Images
    _painter: CaptchaPainter
    _breakers: Mapping[str, Breaker]
    problems: dict[str, str] = field(default_factory=dict)

    def load(self) -> Load:
        """How busy the process is."""
        pool = self.database.connections
        return Load(
            work={
                "hash": self.hasher.threads,
                "picture": self._images.threads,
                "captcha": self._painter.threads,
            },
            connections=pool.size,
            connections_most=pool.most,
            connections_idle=pool.idle,
            connections_wanted=pool.wanted,
            breakers={name: breaker.open for name, breaker in self._breakers.items()},
        )

    async def close(self) -> None:
        """Let go of threads, providers and connections."""
        for breaker in self._breakers.values():
            await breaker.close()
        # The database waits for no thread: what is still to be written is written first.
        services = (self.hasher, self._images, self._painter)
        threads = [asyncio.to_thread(each.close) for each in services]
        await asyncio.gather(self.database.close(), *threads)


async def open_core(configuration: Configuration, clock: Clock | None = None) -> Core:
    """Build it all. Nothing is connected yet, and a database that is down is no error here.

    Without a `clock` of its own it is the database's, which has to be synced before the first use.
    Raises ProviderMisconfigured, TemplateRefused.
    """
    settings = configuration.settings
    database = await Database.open(
        settings.database_url,
        size=settings.database.connections,
        wait=settings.database.wait_seconds,
        statement=settings.database.statement_seconds,
        lock=settings.database.lock_seconds,
        pgbouncer=settings.database.pgbouncer,
        replica_url=settings.replica_url,
        replica_lag=settings.database.replica_lag_seconds,
    )
    clock = clock or DatabaseClock(database.read_clock)
    pepper = Keyring.parse(settings.pepper)
    secrets = _secrets(settings, pepper)
    breakers = {name: _breaker(each) for name, each in settings.providers.items()}
    courier = Courier(database, clock, secrets.letters, _routes(settings, breakers))
    hasher = Argon2Hasher(
        pepper,
        Argon2Cost(settings.hash.memory_kib, settings.hash.passes),
        slots=settings.hash.slots or share_of_cores(settings.workers),
        queue=settings.hash.queue,
        deadline=settings.hash.deadline_seconds,
    )
    images, painter = Images(), CaptchaPainter()
    templates = Templates.load(
        settings.apps.keys() | configuration.unserved.keys(), settings.templates_dir
    )
    uploads = Uploads(settings.data_dir / UPLOADS)
    erasures = ErasureJournal(settings.erasures_file or settings.data_dir / ERASURES)
    apps = {
        name: Deps(
            app=_app(name, each, configuration),
            limits=settings.limits,
            database=database,
            clock=clock,
            hasher=hasher,
            secrets=secrets,
            channels=courier,
            templates=templates,
            images=images,
            painter=painter,
            uploads=uploads,
            erasures=erasures,
            on_letters=courier.wake,
        )
        for name, each in settings.apps.items()
    }
    return Core(
        configuration,
        database,
        clock,
        secrets,
        courier,
        _janitor(settings.janitor, database, clock),
        apps,
        hasher,
        images,
        painter,
        breakers,
    )


def _janitor(settings: JanitorSettings, database: Database, clock: Clock) -> Janitor:
    retention = Retention(
        sessions=timedelta(days=settings.sessions_days),
        challenges=timedelta(days=settings.challenges_days),
        letters=timedelta(days=settings.outbox_days),
    )
    interval = timedelta(seconds=settings.interval_seconds)
    pace = Pace(interval, settings.pages, settings.pause_seconds)
    return Janitor(database, clock, retention, pace)


def _secrets(settings: Settings, pepper: Keyring) -> Secrets:
    identity = Keyring.parse(settings.identity_key)
    return Secrets(
        codes=Digester(pepper.derive("codes")),
        blind_index=Digester(identity.derive("blind index")),
        letters=Sealer(pepper.derive("letters")),
        captchas=Sealer(pepper.derive("captchas")),
        identity_numbers=Sealer(identity.derive("identity numbers")),
    )


def _breaker(settings: ProviderSettings) -> Breaker:
    provider = open_provider(settings)
    return Breaker(provider, failures=settings.breaker_failures, pause=settings.breaker_seconds)


def _routes(settings: Settings, breakers: Mapping[str, Breaker]) -> dict[tuple[str, str], Route]:
    def carrier(provider: str) -> Carrier | None:
        return None if provider == OUTBOX else breakers[provider]

    return {
        (name, channel): Route(carrier(provider), app.language)
        for name, app in settings.apps.items()
        for channel, provider in (
            (Channel.SMS, app.sms_provider),
            (Channel.EMAIL, app.email_provider),
        )
    }


def _app(name: str, app: AppSettings, configuration: Configuration) -> App:
    dialect = DIALECTS[app.dialect]
    traits = dialect.traits
    strict = app.hardening == "strict"
    blocklist = strict if app.password_blocklist is None else app.password_blocklist
    masked = strict if app.identity_number is None else app.identity_number == "masked"
    delay = app.recovery_delay_hours
    idle = app.session_idle_days or traits.session_idle_days
    absolute = app.session_absolute_days or traits.session_absolute_days
    return App(
        name=name,
        title=app.title or dialect.title,
        url=app_url(app, configuration.settings),
        pool=app.pool,
        language=app.language,
        scheme=_scheme(app.pool, configuration),
        mint_token=traits.mint_token,
        session_guesses_limited=traits.session_guesses_limited,
        unique_names=traits.unique_names,
        handles=traits.handles,
        unproved_addresses=traits.unproved_addresses,
        sole_identity_numbers=traits.sole_identity_numbers,
        reveal_unknown_user=(
            not strict if app.reveal_unknown_user is None else app.reveal_unknown_user
        ),
        mask_identity_number=masked,
        password_policy=PasswordPolicy(
            app.password_min_length or (STRICT_MIN_LENGTH if strict else MIN_LENGTH),
            common_passwords() if blocklist else frozenset(),
        ),
        code_digits=app.code_digits,
        code_life=timedelta(minutes=app.code_minutes or traits.code_minutes),
        sessions=SessionPolicy(timedelta(days=idle), timedelta(days=absolute)),
        recovery_delay=timedelta(hours=RECOVERY_DELAY_HOURS if delay is None else delay),
        price_per_message=round(app.price_per_message * PRICE_UNITS),
        budget_per_day=round(app.budget_per_day * PRICE_UNITS),
        sms_countries=frozenset(app.sms_countries),
        reward_items=traits.reward_items,
        reward_zone=ZoneInfo(app.reward_timezone),
    )


def _scheme(pool: str, configuration: Configuration) -> Scheme:
    """In a pool where some clients send the MD5 of a password, verifiers are made over that,
    whichever process serves those clients."""
    digested = any(
        DIALECTS[app.dialect].traits.md5_passwords
        for app in (*configuration.settings.apps.values(), *configuration.unserved.values())
        if app.pool == pool
    )
    return Scheme.MD5 if digested else Scheme.PLAIN


def deviations(configuration: Configuration) -> dict[str, list[Deviation]]:
    """The weaknesses that the settings leave in force, by app."""
    settings = configuration.settings
    found: dict[str, list[Deviation]] = {}
    for name, each in settings.apps.items():
        app = _app(name, each, configuration)
        dialect = DIALECTS[each.dialect]
        own = dialect.deviations(app, configuration.options[name])
        passwords = app.password_policy
        # Of a digest the length is unknown, whatever the policy says.
        least = 0 if dialect.traits.md5_passwords else STRICT_MIN_LENGTH
        asked = (
            (UNKNOWN_USER_TOLD, app.reveal_unknown_user),
            (SHORT_PASSWORDS, passwords.min_length < least),
            (COMMON_PASSWORDS, not passwords.blocked),
            (SHORT_CODES, app.code_digits < SAFE_CODE_DIGITS),
            (LONG_LIVED_CODES, app.code_life > SAFE_CODE_LIFE),
            (PLAIN_HTTP, not app.url.startswith("https:")),
        )
        inherent = (SINGLE_FACTOR, SMS_ONLY_FACTOR, NO_SESSION_LIST)
        found[name] = [*inherent, *own, *(deviation for deviation, so in asked if so)]
    return found


def app_url(app: AppSettings, settings: Settings) -> str:
    """Where clients find the app's mount, without a slash at the end."""
    public = urlsplit(settings.public_url)
    if app.prefix or not app.hosts:
        return settings.public_url.rstrip("/") + app.prefix
    port = f":{public.port}" if public.port else ""
    return f"{public.scheme}://{app.hosts[0]}{port}"
