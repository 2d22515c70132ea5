"""Reading the settings from a TOML file, the environment and the command line.

A setting's variable in the environment is `HUFU_` and its path, with `__` between the levels:
`HUFU_LIMITS__SENDS_PER_MINUTE`. Lists are written with commas there. A name that does not exist
stops the start and says which was meant.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from hufu.domain.limits import Limits
from hufu.services.keys import KeyMalformed, Keyring
from hufu.settings import DIALECTS, OUTBOX, AppSettings, Settings, default_apps, fields_of
from hufu.variables import CONFIG_VARIABLE, PREFIX

COMMAND_LINE = "command line"
SECRETS_FILE = "secrets.toml"
NOTHING: Mapping[str, object] = MappingProxyType({})

Tree: TypeAlias = dict[str, Any]
T = TypeVar("T")

_UNKNOWN = re.compile("Object contains unknown field `(.*?)`")
_COUNTRY = re.compile(r"\+[1-9][0-9]{0,2}", re.ASCII)
_AT = re.compile(r" - at `\$\.?(.*)`")


class SettingsRefused(Exception):
    """The settings cannot be used; the text names the setting and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings in force. `options` are the dialects' own, by app; `sources` says where what is
    not at its default came from, by dotted path. `unserved` are the apps that only other processes
    serve; those of its pool share accounts with the app of this one."""

    settings: Settings
    options: Mapping[str, Any]
    sources: Mapping[str, str]
    development: bool
    unserved: Mapping[str, AppSettings] = field(default_factory=dict)


def load(
    config: Path | None,
    environment: Mapping[str, str],
    overrides: Mapping[str, object] = NOTHING,
) -> Configuration:
    """The settings in force; without a file, those of development. Raises SettingsRefused.

    `overrides` come from the command line and win over the environment, which wins over the file.
    """
    tree = _file(config) if config else {}
    sources = {".".join(path): "file" for path in _leaves(tree, ())}
    tree.setdefault("apps", default_apps())
    for variable, text in environment.items():
        if variable.startswith(PREFIX) and variable != CONFIG_VARIABLE:
            path = tuple(variable.removeprefix(PREFIX).lower().split("__"))
            _put(tree, path, text, variable)
            sources[".".join(path)] = variable
    for dotted, value in overrides.items():
        _put(tree, tuple(dotted.split(".")), value, dotted)
        sources[dotted] = COMMAND_LINE
    _check_tables(tree["apps"])
    if config is None:
        _develop(tree, sources)
    settings, options = _decode(tree)
    _check(settings, development=config is None)
    mounted = _mounted(settings)
    unserved = {name: app for name, app in settings.apps.items() if name not in mounted.apps}
    return Configuration(mounted, options, sources, config is None, unserved)


def _file(config: Path) -> Tree:
    try:
        return tomllib.loads(config.read_text("utf-8"))
    except OSError as error:
        raise SettingsRefused(f"{config}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"{config}: {error}") from error


def _leaves(tree: Tree, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name)


def _put(tree: Tree, path: tuple[str, ...], value: object, said: str) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
        if not isinstance(tree, dict):
            raise SettingsRefused(f"{said}: {name} is not a table")
    tree[path[-1]] = value


def _check_tables(apps: object) -> None:
    if not isinstance(apps, dict):
        raise SettingsRefused("apps: must be a table of apps, such as [apps.fomo]")
    for name, app in apps.items():
        if not isinstance(app, dict):
            raise SettingsRefused(f"apps.{name}: must be a table")


# Development


def _develop(tree: Tree, sources: dict[str, str]) -> None:
    """What differs where there is no configuration file: nothing leaves the machine, and secrets
    are made up once and kept in the data folder."""
    data = Path(str(tree.get("data_dir", "hufu-data")))
    host, port = tree.get("host", "127.0.0.1"), tree.get("port", 8000)
    if not _loopback(str(host)):
        raise SettingsRefused(
            f"host: without a configuration file hufu listens on loopback only, not on {host}"
        )
    given: Tree = {"public_url": f"http://127.0.0.1:{port}", "log": "text"}
    if not {"pepper", "identity_key"} <= tree.keys():
        given |= development_secrets(data)
    for name, value in given.items():
        if name not in tree:
            tree[name] = value
            sources[name] = "development"
    for name, app in tree["apps"].items():
        for setting, value in (("recovery_delay_hours", 0), ("logo_http", True)):
            if setting in _app_fields(app) and setting not in app:
                app[setting] = value
                sources[f"apps.{name}.{setting}"] = "development"


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def development_secrets(data: Path) -> Tree:
    """The secrets of a development server, made on first use; readable by their owner only."""
    file = data / SECRETS_FILE
    data.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        fresh = f'pepper = "{Keyring.fresh()}"\nidentity_key = "{Keyring.fresh()}"\n'
        draft = file.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(fresh)
        try:
            os.link(draft, file)  # Of two servers that start at once, one makes the secrets.
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return _file(file)


# Decoding


def _app_fields(app: Tree) -> set[str]:
    dialect = DIALECTS.get(str(app.get("dialect")))
    return set(fields_of(AppSettings)) | (set(fields_of(dialect.options)) if dialect else set())


def _decode(tree: Tree) -> tuple[Settings, dict[str, Any]]:
    apps, options = {}, {}
    for name, app in tree["apps"].items():
        where = f"apps.{name}"
        dialect = DIALECTS.get(str(app.get("dialect")))
        if dialect is None:
            raise SettingsRefused(f"{where}.dialect: must be one of {', '.join(DIALECTS)}")
        own = fields_of(dialect.options).keys()
        options[name] = _convert(
            {key: value for key, value in app.items() if key in own}, dialect.options, where
        )
        rest = {key: value for key, value in app.items() if key not in own}
        apps[name] = _convert(rest, AppSettings, where, also=own)
    limits = tree.get("limits", {})
    if isinstance(limits, dict):
        for name in limits.keys() - fields_of(Limits).keys():
            raise _unknown(f"limits.{name}", name, fields_of(Limits))
    rest = {key: value for key, value in tree.items() if key != "apps"}
    return msgspec.structs.replace(_convert(rest, Settings, ""), apps=apps), options


def _convert(tree: Tree, kind: type[T], where: str, also: Any = ()) -> T:
    known = fields_of(kind)
    split = {
        key: tuple(filter(None, (part.strip() for part in value.split(","))))
        if key in known and known[key].is_list and isinstance(value, str)
        else value
        for key, value in tree.items()
    }
    try:
        return msgspec.convert(split, kind, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        text = str(error)
    at = _AT.search(text)
    path = ".".join(filter(None, (where, at.group(1) if at else "")))
    if unknown := _UNKNOWN.match(text):
        name = unknown.group(1)
        raise _unknown(".".join(filter(None, (path, name))), name, [*known, *also])
    raise SettingsRefused(f"{path}: {_AT.sub('', text)}")


def _path(kind: type, value: object) -> Path:
    if kind is not Path or not isinstance(value, str | Path):
        raise TypeError("must be a path")
    return Path(value)


def _unknown(path: str, name: str, known: Any) -> SettingsRefused:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return SettingsRefused(f"{path}: there is no such setting{hint}")


# What settings must be, taken together


def _check(settings: Settings, *, development: bool) -> None:
    for name in ("pepper", "identity_key", "public_url"):
        if not getattr(settings, name):
            raise SettingsRefused(f"{name}: must be set; `hufu init` writes a file with all of it")
    for name in ("pepper", "identity_key"):
        try:
            Keyring.parse(getattr(settings, name))
        except KeyMalformed as error:
            raise SettingsRefused(f"{name}: {error}") from None
    _check_addresses(settings)
    if settings.only_app and settings.only_app not in settings.apps:
        raise SettingsRefused(f"only_app: there is no app {settings.only_app}")
    if development and settings.providers:
        raise SettingsRefused("providers: without a configuration file nothing is ever sent")
    _check_apps(settings)


def _check_addresses(settings: Settings) -> None:
    url = _split(settings.public_url)
    if (
        url is None
        or url.scheme not in {"http", "https"}
        or not url.hostname
        or not _port_possible(url)
        or url.query
        or url.fragment
    ):
        raise SettingsRefused("public_url: must be like https://id.example.com")
    for name, address in (
        ("database_url", settings.database_url),
        ("replica_url", settings.replica_url),
    ):
        if not address:
            continue
        parts = _split(address)
        if parts is None or parts.scheme not in {"postgres", "postgresql"}:
            raise SettingsRefused(f"{name}: must be like postgresql://user@host/name")
    for name in ("trusted_proxies", "operator_networks"):
        for network in getattr(settings, name):
            try:
                ip_network(network)
            except ValueError as error:
                raise SettingsRefused(f"{name}: {error}") from None


def _split(url: str) -> SplitResult | None:
    """Its parts, None for what is no URL. The error would quote it, with the password in it."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _port_possible(url: SplitResult) -> bool:
    try:
        _ = url.port
    except ValueError:
        return False
    return True


def _check_apps(settings: Settings) -> None:
    taken: dict[str, str] = {}
    for name, app in settings.apps.items():
        if not app.prefix and not app.hosts and len(settings.apps) > 1 and not settings.only_app:
            raise SettingsRefused(f"apps.{name}: needs a prefix or hosts")
        for place in (app.prefix, *(host.lower() for host in app.hosts)):
            if place and taken.setdefault(place, name) != name:
                raise SettingsRefused(f"apps.{name}: {place} is {taken[place]}'s already")
        try:
            ZoneInfo(app.reward_timezone)
        except (KeyError, OSError, ValueError) as error:
            raise SettingsRefused(
                f"apps.{name}.reward_timezone: must be like Asia/Shanghai"
            ) from error
        for country in app.sms_countries:
            if not _COUNTRY.fullmatch(country):
                raise SettingsRefused(f"apps.{name}.sms_countries: must be like +86")
        for channel in ("sms_provider", "email_provider"):
            provider = getattr(app, channel)
            if provider != OUTBOX and provider not in settings.providers:
                raise SettingsRefused(f"apps.{name}.{channel}: there is no provider {provider}")


def _mounted(settings: Settings) -> Settings:
    """The one app alone at `/`, where only one is asked for."""
    if not settings.only_app:
        return settings
    app = msgspec.structs.replace(settings.apps[settings.only_app], prefix="", hosts=())
    return msgspec.structs.replace(settings, apps={settings.only_app: app})
