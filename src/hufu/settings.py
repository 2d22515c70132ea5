"""Every setting there is, with its default and its meaning."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta
from msgspec.structs import FieldInfo

from hufu.dialects.company import DIALECT as COMPANY
from hufu.dialects.creator import DIALECT as CREATOR
from hufu.dialects.fomo import DIALECT as FOMO
from hufu.dialects.rental import DIALECT as RENTAL
from hufu.domain.limits import Limits
from hufu.http.bounds import Bounds
from hufu.services.providers import ProviderSettings
from hufu.wire.dialect import Dialect

DIALECTS: Mapping[str, Dialect[Any]] = MappingProxyType(
    {dialect.name: dialect for dialect in (FOMO, COMPANY, RENTAL, CREATOR)}
)
OUTBOX = "outbox"


class HashSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `[hash]`: Argon2id."""

    memory_kib: Annotated[int, Meta(ge=8, description="memory of one hash, KiB")] = 19 * 1024
    passes: Annotated[int, Meta(ge=1, description="passes over that memory")] = 2
    slots: Annotated[
        int,
        Meta(ge=0, description="hashes computed at once per worker; 0 shares the cores out to all"),
    ] = 0
    queue: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(
            description="hashes that may wait per worker; by default as many as the deadline allows"
        ),
    ] = None
    deadline_seconds: Annotated[
        float, Meta(gt=0, description="how long a request waits for its hash before it gets a 503")
    ] = 0.8


class DatabaseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `[database]`."""

    connections: Annotated[int, Meta(ge=1, description="connections per worker")] = 20
    wait_seconds: Annotated[
        float, Meta(gt=0, description="how long a request waits for a connection")
    ] = 1.0
    statement_seconds: Annotated[float, Meta(gt=0, description="how long a statement may take")] = (
        5.0
    )
    lock_seconds: Annotated[
        float, Meta(gt=0, description="how long a statement waits for what another one holds")
    ] = 2.0
    pgbouncer: Annotated[
        Literal["no", "unprepared", "prepared"],
        Meta(
            description="a PgBouncer in transaction mode stands between: `prepared` from 1.21 up "
            "with `max_prepared_statements`, else `unprepared`"
        ),
    ] = "no"
    replica_lag_seconds: Annotated[
        float,
        Meta(gt=0, le=60, description="how old the replica may be that session checks read"),
    ] = 1.0


class JanitorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `[janitor]`: removing what has ended."""

    interval_seconds: Annotated[
        float, Meta(ge=0, description="from one round through the tables to the next; 0: never")
    ] = 3600.0
    pages: Annotated[int, Meta(ge=1, description="pages of 8 KiB looked at in one statement")] = 64
    pause_seconds: Annotated[
        float, Meta(ge=0, description="the pause after each, which is the database's for others")
    ] = 0.05
    challenges_days: Annotated[
        float,
        Meta(
            ge=0, description="how long expired codes, registrations, captchas and grants are kept"
        ),
    ] = 1.0
    sessions_days: Annotated[
        float, Meta(ge=0, description="how long expired sessions are kept, for operators to see")
    ] = 7.0
    outbox_days: Annotated[
        float, Meta(ge=0, description="how long messages are kept that were sent or given up")
    ] = 7.0


class AppSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table `[apps.NAME]`; the dialect's own settings stand beside these."""

    dialect: Annotated[str, Meta(description="the API its clients speak")]
    title: Annotated[str, Meta(description="its name in messages; by default the dialect's")] = ""
    pool: Annotated[str, Meta(min_length=1, description="apps of one pool share accounts")] = "main"
    prefix: Annotated[
        str, Meta(pattern="^(/[A-Za-z0-9._-]+)*$", description="path below which it answers")
    ] = ""
    hosts: Annotated[tuple[str, ...], Meta(description="host names at whose root it answers")] = ()
    language: Annotated[Literal["zh", "en"], Meta(description="language of its messages")] = "zh"
    hardening: Annotated[
        Literal["documented", "strict"],
        Meta(description="whether answers tell what the documents tell, or as little as they can"),
    ] = "documented"
    reveal_unknown_user: Annotated[
        bool | None, Meta(description="say that an account does not exist; by hardening")
    ] = None
    password_blocklist: Annotated[
        bool | None, Meta(description="refuse the most common passwords; by hardening")
    ] = None
    password_min_length: Annotated[
        Annotated[int, Meta(ge=1, le=64)] | None,
        Meta(description="code points; 6 documented, 8 strict"),
    ] = None
    identity_number: Annotated[
        Literal["full", "masked"] | None,
        Meta(description="how owners see their identity number; by hardening"),
    ] = None
    code_digits: Annotated[int, Meta(ge=4, le=8, description="digits of a code")] = 6
    code_minutes: Annotated[
        Annotated[int, Meta(ge=1, le=60)] | None,
        Meta(description="life of a code; by default the dialect's"),
    ] = None
    session_idle_days: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="life of an unused session; by default the dialect's"),
    ] = None
    session_absolute_days: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="life of any session; by default the dialect's"),
    ] = None
    recovery_delay_hours: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="how long a new identifier recovers nothing; 72, in development 0"),
    ] = None
    sms_provider: Annotated[str, Meta(description="a provider's name, or `outbox`")] = OUTBOX
    email_provider: Annotated[str, Meta(description="a provider's name, or `outbox`")] = OUTBOX
    price_per_message: Annotated[
        float, Meta(ge=0, description="what one message costs, in any currency")
    ] = 0.05
    budget_per_day: Annotated[
        float, Meta(ge=0, description="what messages may cost in a UTC day; 0 is no bound")
    ] = 0.0
    sms_countries: Annotated[
        tuple[str, ...],
        Meta(description="country calling codes of the numbers that messages are sent to"),
    ] = ("+86",)
    reward_timezone: Annotated[
        str, Meta(description="IANA time zone in which a day of rewards begins and ends")
    ] = "Asia/Shanghai"
    cors_origins: Annotated[
        tuple[str, ...], Meta(description="foreign origins whose pages may call it")
    ] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    public_url: Annotated[
        str, Meta(description="where clients reach the server, such as https://id.example.com")
    ] = ""
    pepper: Annotated[
        str, Meta(description="key of password verifiers and codes: 1:<32 bytes, base64>")
    ] = ""
    identity_key: Annotated[
        str, Meta(description="key of identity numbers: 1:<32 bytes, base64>")
    ] = ""
    database_url: Annotated[
        str, Meta(description="a PostgreSQL from 15 up; empty for the embedded one")
    ] = ""
    replica_url: Annotated[
        str,
        Meta(description="a read replica of it for session checks, used while it is fresh"),
    ] = ""
    data_dir: Annotated[
        Path, Meta(description="folder of uploads and of the embedded database")
    ] = Path("hufu-data")
    erasures_file: Annotated[
        Path | None,
        Meta(
            description="journal of closed accounts, by which a restored database is corrected; "
            "by default erasures.jsonl in the folder"
        ),
    ] = None
    host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535, description="port to listen on")] = 8000
    workers: Annotated[int, Meta(ge=1, description="processes that serve")] = 1
    only_app: Annotated[str, Meta(description="mount this one app, at /")] = ""
    trusted_proxies: Annotated[
        tuple[str, ...], Meta(description="networks whose X-Forwarded-For counts")
    ] = ()
    operator_networks: Annotated[
        tuple[str, ...], Meta(description="networks that may read /metrics and all of /ready")
    ] = ("127.0.0.0/8", "::1/128")
    templates_dir: Annotated[
        Path | None, Meta(description="folder of message templates that replace the shipped ones")
    ] = None
    log: Annotated[Literal["json", "text"], Meta(description="form of log lines")] = "json"
    limits: Limits = Limits()
    hash: HashSettings = HashSettings()
    database: DatabaseSettings = DatabaseSettings()
    http: Bounds = Bounds()
    janitor: JanitorSettings = JanitorSettings()
    providers: dict[str, ProviderSettings] = {}
    apps: dict[str, AppSettings] = {}

    def __repr__(self) -> str:
        """Without what is in it: two of the settings are keys."""
        return f"Settings(apps={', '.join(self.apps)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The same for rich, which would look at the fields."""
        return [("apps", ", ".join(self.apps))]


def default_apps() -> dict[str, dict[str, Any]]:
    """The apps of a server that is not told of any: one per dialect, all in one pool."""
    return {
        name: {"dialect": name, "prefix": f"/{name}", "hosts": [f"{name}.localhost"]}
        for name in DIALECTS
    }


@dataclasses.dataclass(frozen=True, slots=True)
class Described:
    """What can be said of a setting without a value: its default, its meaning, whether a list."""

    default: object
    meaning: str
    is_list: bool


def fields_of(kind: Any) -> dict[str, Described]:
    """The settings that a struct or dataclass holds, by name."""
    hints = get_type_hints(kind, include_extras=True)
    if dataclasses.is_dataclass(kind):
        defaults = {each.name: each.default for each in dataclasses.fields(kind)}
    else:
        defaults = {each.name: _default(each) for each in msgspec.structs.fields(kind)}
    return {
        name: Described(default, _meaning(hints[name]), _is_list(hints[name]))
        for name, default in defaults.items()
    }


def _default(each: FieldInfo) -> object:
    if each.default_factory is not msgspec.NODEFAULT:
        return each.default_factory()
    return None if each.default is msgspec.NODEFAULT else each.default


def _meaning(hint: Any) -> str:
    for note in getattr(hint, "__metadata__", ()):
        if isinstance(note, str):
            return note
        if isinstance(note, Meta) and note.description:
            return note.description
    return ""


def _is_list(hint: Any) -> bool:
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return get_origin(bare) is tuple
