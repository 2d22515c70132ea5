"""The texts of messages: read from files once, checked, and filled in."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import product
from pathlib import Path

from hufu.domain.verification import Purpose
from hufu.services.delivery import Channel, Language, Notice

WITH_CODE = frozenset({"code", "minutes", "app", "identifier"})
WITHOUT_CODE = frozenset({"app", "identifier"})

SUBJECT = "Subject: "
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class TemplateRefused(Exception):
    """A message file is missing, unknown or not well-formed; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Template:
    """A subject (empty for an SMS) and a body, both cut at the placeholders.

    Every second piece is the name of a placeholder.
    """

    subject: tuple[str, ...]
    body: tuple[str, ...]


class Templates:
    """The texts of all apps, purposes, channels and languages."""

    def __init__(self, templates: Mapping[tuple[str, str, str, str], Template]) -> None:
        self._templates = templates

    @classmethod
    def load(cls, apps: Collection[str], folder: Path | None = None) -> "Templates":
        """The texts for these apps, by name; raises TemplateRefused.

        `<folder>/<app>/<language>/<purpose>.<channel>.txt` wins over the same without `<app>`,
        and that over the text that hufu brings along.
        """
        if folder is not None:
            _refuse_strays(folder, apps)
        return cls(
            {
                (app, purpose, channel, language): _find(app, purpose, channel, language, folder)
                for app, purpose, channel, language in product(
                    apps, (*Purpose, *Notice), Channel, Language
                )
            },
        )

    def render(
        self, app: str, purpose: str, channel: str, language: str, /, **facts: str
    ) -> tuple[str, str]:
        """Subject and text, the former empty for an SMS; raises KeyError for a missing fact.

        The facts are `app` (the app's title), `identifier` (masked), and of a code `code` and
        `minutes` (its life).
        """
        template = self._templates[app, purpose, channel, language]
        # A line break in a title must not end the header line.
        subject = " ".join(_filled(template.subject, facts).split())
        return subject, _filled(template.body, facts)


def _file_name(purpose: str, channel: str) -> str:
    return f"{purpose}.{channel}.txt"


def _find(app: str, purpose: str, channel: str, language: str, folder: Path | None) -> Template:
    for place in (folder / app, folder) if folder else ():
        own = place / language / _file_name(purpose, channel)
        if own.is_file():
            return _read(own, purpose, channel)
    return _shipped(purpose, channel, language)


@cache
def _shipped(purpose: str, channel: str, language: str) -> Template:
    file = files("hufu.services") / "messages" / language / _file_name(purpose, channel)
    return _read(file, purpose, channel)


def _refuse_strays(folder: Path, apps: Collection[str]) -> None:
    """Refuse text files that no app would ever use: their names hold a typing error."""
    if not folder.is_dir():
        raise TemplateRefused(f"{folder}: no such folder")
    known = {
        (*app, str(language), _file_name(purpose, channel))
        for app, language, purpose, channel in product(
            [(), *((app,) for app in apps)], Language, (*Purpose, *Notice), Channel
        )
    }
    for file in sorted(folder.rglob("*.txt")):
        if file.relative_to(folder).parts not in known:
            raise TemplateRefused(f"{file}: no such app, language, purpose or channel")


def _read(file: Traversable, purpose: str, channel: str) -> Template:
    try:
        text = file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as unreadable:
        raise TemplateRefused(f"{file}: {unreadable}") from unreadable
    subject = ""
    if channel == Channel.EMAIL:
        first, _, text = text.partition("\n")
        if not first.startswith(SUBJECT) or not text.startswith("\n"):
            raise TemplateRefused(f"{file}: must begin with `{SUBJECT}…` and an empty line")
        subject = first.removeprefix(SUBJECT)
    template = Template(_cut(subject), _cut(text.strip()))
    _check(file, template, purpose)
    return template


def _cut(text: str) -> tuple[str, ...]:
    return tuple(_PLACEHOLDER.split(text))


def _check(file: Traversable, template: Template, purpose: str) -> None:
    sends_code = purpose in set(Purpose)
    for pieces in (template.subject, template.body):
        if any(brace in literal for literal in pieces[::2] for brace in "{}"):
            raise TemplateRefused(f"{file}: a brace stands alone")
        if unknown := set(pieces[1::2]) - (WITH_CODE if sends_code else WITHOUT_CODE):
            raise TemplateRefused(f"{file}: unknown placeholder {{{min(unknown)}}}")
    if sends_code and "code" not in template.body[1::2]:
        raise TemplateRefused(f"{file}: does not show the {{code}}")
    if not "".join(template.body):
        raise TemplateRefused(f"{file}: is empty")


def _filled(pieces: tuple[str, ...], facts: Mapping[str, str]) -> str:
    """The text with each placeholder replaced once; what a fact says is not looked at."""
    return "".join(facts[piece] if at % 2 else piece for at, piece in enumerate(pieces))
