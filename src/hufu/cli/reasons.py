"""Why an operator did something, as the audit trail keeps it."""

import re

import click

from hufu.domain.errors import Malformed
from hufu.domain.names import clean_text, half_width

LONGEST_REASON = 200  # Code points.

# A mobile, an international number, an identity number, an e-mail address.
_PERSONAL = re.compile(
    r"(?<!\d)(?:(?:00)?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)"
    r"|\+\d(?:[ -]?\d){7,}|(?<!\d)\d{17}[\dXx]|\S@\S"
)


def _reason(_: click.Context, __: click.Parameter, raw: str) -> str:
    """The reason as the audit trail keeps it, which outlives what it is about."""
    try:
        text = clean_text(raw)
    except Malformed:
        raise click.BadParameter("it holds characters that are no text") from None
    if not text or len(text) > LONGEST_REASON:
        raise click.BadParameter(f"it must be 1 to {LONGEST_REASON} characters long")
    if _PERSONAL.search(half_width(text)):
        raise click.BadParameter(
            "it holds a number or address of a person, and the audit trail is for ever; "
            "name a ticket instead"
        )
    return text


REASON = click.option("--reason", required=True, callback=_reason, help="For the audit trail.")
