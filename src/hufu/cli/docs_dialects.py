"""docs/dialects: every call of every dialect."""

import re
from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path
from typing import Any

import msgspec

from hufu import dialects
from hufu.cli.docs_fields import request_fields
from hufu.cli.docs_samples import OF_NO_CALL, SAMPLES, Sample, rows, samples_of
from hufu.domain.errors import Refusal
from hufu.settings import DIALECTS
from hufu.wire.dialect import BODY_LIMIT, KIB, Dialect, Endpoint, Member, Refusals, Reply

WRITTEN = "<!-- Written by `hufu docs`; change the tables in the code instead. -->"
SOURCE = "../../src/hufu/dialects/{dialect}"
MIB = 1024 * KIB
OK = 200
NO = """\
Every refusal there is has an answer in this dialect; which of them a call gives is shown with it.\
"""
COMMON = """
## What they have in common

Bodies are `application/x-www-form-urlencoded`, `multipart/form-data` or `application/json` (an
object), whichever the client sends; any other is malformed. A field that comes twice, a number
where a string is due, or a NUL makes the request malformed too; fields that a call does not know
are ignored. Text is trimmed and brought into Unicode's form NFC; lengths count code points.
Integers may come as numbers or as strings of digits. Where the call does not say otherwise, bodies
are at most 64 KiB.

Answers are UTF-8. All of them have `Cache-Control: no-store`, `X-Content-Type-Options: nosniff`,
`Referrer-Policy: no-referrer`, a `Content-Security-Policy` that allows nothing, and `Server: -`;
the examples leave these and `Content-Length` out. In an example, `«…»` stands for what is different
every time.

A success is answered after the data is stored. In every dialect an unknown path is HTTP 404, a
method that the path has not 405 and a body that is too large 413, with the dialect's own body for
what is malformed; overload is 503 with `Retry-After` and an unforeseen failure 500 with
`X-Request-Id`, with its body for what is broken.
"""


def dialects_page() -> str:
    """The page that leads to the others."""
    lines = ["# Dialects", "", WRITTEN, ""]
    lines += ["| dialect | who speaks it | calls |", "|---|---|---|"]
    for dialect in DIALECTS.values():
        spoken = _introduction(dialect).partition("\n\n")[0].replace("\n", " ")
        name = f"[`{dialect.name}`]({dialect.name}.md)"
        lines.append(f"| {name} | {spoken} | {len(dialect.endpoints)} |")
    return "\n".join(lines) + "\n" + COMMON


def dialect_page(dialect: Dialect[Any], samples: Path) -> str:
    """Everything about one dialect; `samples` is the folder of its recorded ones."""
    source = SOURCE.format(dialect=dialect.name)
    lines = [f"# Dialect `{dialect.name}`", "", WRITTEN, "", _introduction(dialect), ""]
    lines += [f"What surprises a reader stands in [the code's own page]({source}/README.md).", ""]
    lines += [*_calls(dialect), "## When the answer is no", "", NO, ""]
    lines += _refusals(dialect.refusals, besides=dialect.malformed)
    lines += _recorded(dialect, samples_of(samples, OF_NO_CALL))
    for row, endpoint in rows(dialect):
        lines += [f"## {_call(endpoint)}", ""]
        lines += _section(dialect, endpoint, samples_of(samples, row))
    return "\n".join(lines).rstrip() + "\n"


def _calls(dialect: Dialect[Any]) -> Iterator[str]:
    yield from ("| call | who may | what it does |", "|---|---|---|")
    for endpoint in dialect.endpoints:
        link = f"[{_call(endpoint)}](#{_anchor(_call(endpoint))})"
        who = "members" if isinstance(endpoint, Member) else "anyone"
        yield f"| {link} | {who} | {_cell(purpose(endpoint))} |"
    yield ""


def _section(
    dialect: Dialect[Any], endpoint: Endpoint[Any], samples: list[Sample]
) -> Iterator[str]:
    yield f"{purpose(endpoint)} {_who(dialect, endpoint)}"
    if said := endpoint.request.__dict__.get("__doc__"):
        yield " ".join(said.split())
    if endpoint.body_limit != BODY_LIMIT:
        yield f"Bodies are at most {endpoint.body_limit // MIB} MiB."
    yield ""
    yield from _fields(endpoint)
    if endpoint.refusals:
        yield "Where it has words of its own:"
        yield ""
        yield from _refusals(endpoint.refusals)
    for sample in samples:
        if sample.name == "ok":
            yield from ("```http", sample.shown, "```", "")
    yield from _recorded(dialect, samples)


def _fields(endpoint: Endpoint[Any]) -> Iterator[str]:
    fields = list(request_fields(endpoint.request))
    if not fields:
        yield from ("No fields of its own.", "")
        return
    yield from ("| field | in the | form |", "|---|---|---|")
    for field in fields:
        place = "query" if endpoint.from_query else "body"
        place = "path" if field.name.startswith("<") else place
        optional = "" if field.required else ", optional"
        yield f"| `{field.name}` | {place}{optional} | {_cell(field.form)} |"
    yield ""


def _refusals(refusals: Refusals, besides: Reply | None = None) -> Iterator[str]:
    """The answers, each with the facts that it tells; those told by `besides` are not spelt out."""
    told: dict[str, list[str]] = {}
    for refusal, reply in refusals.items():
        told.setdefault(_answer(reply), []).append(_fact(refusal))
    if besides is not None:
        told[_answer(besides)] = ["The request is malformed, or refused for any other reason."]
    yield from ("| answer | fact |", "|---|---|")
    for answer, facts in told.items():
        yield f"| {_cell(answer)} | {_cell('<br>'.join(facts))} |"
    yield ""


def _fact(refusal: type[Refusal]) -> str:
    """What the refusal's docstring says, without what it says of its attributes."""
    said = (getdoc(refusal) or "").partition("\n")[0]
    return said.partition("; `")[0].removesuffix(".") + "."


def _recorded(dialect: Dialect[Any], samples: list[Sample]) -> Iterator[str]:
    """The recorded answers beside the plain success, each with the cases that have it."""
    folder = f"../../{SAMPLES.format(dialect=dialect.name)}"
    told: dict[str, list[str]] = {}
    for sample in samples:
        if sample.name != "ok":
            case = f"[{sample.reason}]({folder}/{sample.row}/{sample.name}.http)"
            told.setdefault("success" if sample.number is None else sample.outcome, []).append(case)
    if told:
        yield from ("Recorded answers:", "", "| answer | when |", "|---|---|")
        yield from (f"| {_cell(answer)} | {', '.join(cases)} |" for answer, cases in told.items())
        yield ""


def _who(dialect: Dialect[Any], endpoint: Endpoint[Any]) -> str:
    if not isinstance(endpoint, Member):
        return "Anyone may call it."
    proof = " ".join((getdoc(endpoint.proof or dialect.proof) or "").split())
    return f"For members: {proof[:1].lower()}{proof[1:]}"


def purpose(endpoint: Endpoint[Any]) -> str:
    """What the action's docstring says, without what it raises."""
    said = " ".join((getdoc(endpoint.action) or "").partition("\n\n")[0].split())
    return re.sub(r"\s*Raises .*$", "", said)


def _introduction(dialect: Dialect[Any]) -> str:
    """The dialect's own page from its title to where it turns to the code."""
    readme = Path(*dialects.__path__) / dialect.name / "README.md"
    text = readme.read_text("utf-8") if readme.exists() else ""
    return text.partition("\n\n")[2].partition("**Where things are.**")[0].strip()


def _answer(reply: Reply) -> str:
    body = f"`{msgspec.json.encode(reply.body).decode()}`"
    return body if reply.status == OK else f"HTTP {reply.status} {body}"


def _call(endpoint: Endpoint[Any]) -> str:
    return f"`{endpoint.method} {endpoint.path}`"


def _anchor(heading: str) -> str:
    """The heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
