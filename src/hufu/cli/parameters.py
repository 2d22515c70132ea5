"""What operators type in place of a text, an amount, an item or a time, as callbacks of click."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import click

from hufu.domain.errors import Malformed
from hufu.domain.ledger import MOST_UNITS, UNITS, AmountMalformed, parse_amount
from hufu.domain.names import clean_text, without_invisible
from hufu.domain.rewards import LONGEST_ITEM

NONE = "none"
"""What takes a bound away."""

_ITEM = re.compile(f"[a-z0-9_]{{1,{LONGEST_ITEM}}}")
_SPAN = re.compile("([1-9][0-9]{0,5})([mhd])")
_SPANS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LIKE = "2026-08-01T00:00:00+08:00"


def text(longest: int) -> Callable[[click.Context, click.Parameter, str], str]:
    """Takes text with something to see in it, cleaned, of at most so many code points."""

    def take(_: click.Context, __: click.Parameter, raw: str) -> str:
        try:
            cleaned = clean_text(raw)
        except Malformed:
            raise click.BadParameter("it holds characters that are no text") from None
        if not without_invisible(cleaned) or len(cleaned) > longest:
            raise click.BadParameter(f"it must be 1 to {longest} characters long")
        return cleaned

    return take


def item(_: click.Context, __: click.Parameter, raw: str) -> str:
    """The name of what is rewarded."""
    if not _ITEM.fullmatch(raw):
        raise click.BadParameter(f"it must be 1 to {LONGEST_ITEM} of a-z, 0-9 and _")
    return raw


def amount(_: click.Context, __: click.Parameter, raw: str | None) -> int | None:
    """Units, from a decimal number of coins."""
    try:
        return None if raw is None else parse_amount(raw)
    except AmountMalformed:
        raise click.BadParameter(
            f"it must be a number above 0, at most {MOST_UNITS // UNITS}, with at most four "
            "decimals"
        ) from None


def moment(_: click.Context, __: click.Parameter, raw: str | None) -> datetime | None:
    """A time in UTC, from one with an offset (RFC 3339)."""
    if raw is None:
        return None
    try:
        at = datetime.fromisoformat(raw)
        if at.utcoffset() is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise click.BadParameter(f"it must be a date and time with an offset, such as {_LIKE}")


def moment_or_none(
    context: click.Context, parameter: click.Parameter, raw: str | None
) -> datetime | str | None:
    """The same, or NONE."""
    return NONE if raw == NONE else moment(context, parameter, raw)


def expiry(
    context: click.Context, parameter: click.Parameter, raw: str
) -> datetime | timedelta | None:
    """How long from now, or a time as `moment` takes it."""
    if span := _SPAN.fullmatch(raw):
        return int(span[1]) * _SPANS[span[2]]
    try:
        return moment(context, parameter, raw)
    except click.BadParameter as error:
        raise click.BadParameter(f"{error.message}, or such as 30m, 12h or 7d") from None


def number_or_none(
    least: int, most: int
) -> Callable[[click.Context, click.Parameter, str | None], int | str | None]:
    """Takes an integer from `least` to `most`, or NONE."""
    numbers = click.IntRange(least, most)

    def take(
        context: click.Context, parameter: click.Parameter, raw: str | None
    ) -> int | str | None:
        return NONE if raw == NONE else numbers(raw, parameter, context)

    return take
