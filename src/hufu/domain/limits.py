"""Every limit by name: how often a thing may happen to a subject, and over which time.

One statement looks and counts. A limit that cannot be counted refuses: without its row there is no
message, no comparison and no answer but that the server is unavailable.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from hufu.domain.verification import MAX_GUESSES

MINUTE = timedelta(minutes=1)
QUARTER_HOUR = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Limit(StrEnum):
    """What is counted. The subject of each is named beside it."""

    SENDS_TO = "sends_to"  # an identifier, over all apps
    SENDS_FROM = "sends_from"  # a client network
    SENDS_AROUND = "sends_around"  # a block of neighbouring numbers
    CODE_GUESSES = "code_guesses"  # a purpose and an identifier, over all apps and codes
    PASSWORD_GUESSES = "password_guesses"  # noqa: S105  # an account to strangers, or an identifier
    PASSWORD_GUESSES_KNOWN = "password_guesses_known"  # noqa: S105  # an account and a known device
    PASSWORD_GUESSES_FROM = "password_guesses_from"  # noqa: S105  # a client network
    PAYMENT_PASSWORD_GUESSES = "payment_password_guesses"  # noqa: S105  # an account
    SESSION_GUESSES_FROM = "session_guesses_from"  # a client network
    PROBES_FROM = "probes_from"  # a client network
    INVITATION_GUESSES = "invitation_guesses"  # an account
    WORD_GUESSES = "word_guesses"  # an account


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` in any stretch of `window`."""

    window: timedelta
    most: int


def within(caps: Iterable[Cap], hits: Iterable[datetime], now: datetime) -> bool:
    """Whether another hit would be counted after these."""
    return all(sum(hit > now - cap.window for hit in hits) < cap.most for cap in caps)


@dataclass(frozen=True, slots=True)
class Limits:
    """The sending and guessing limits (settings table `[limits]`)."""

    sends_per_minute: Annotated[int, "messages to one number or address in any minute"] = 1
    sends_per_hour: Annotated[int, "messages to one number or address in any hour"] = 5
    sends_per_day: Annotated[int, "messages to one number or address in any 24 hours"] = 10
    sends_per_network_hour: Annotated[
        int, "messages asked for by one client network in any hour"
    ] = 20
    sends_per_block_hour: Annotated[
        int, "messages to numbers that differ in the last four digits only, in any hour"
    ] = 30
    sends_per_block_day: Annotated[
        int, "messages to numbers that differ in the last four digits only, in any 24 hours"
    ] = 100
    sends_before_breaker: Annotated[
        int, "codes sent to numbers that begin alike before it is judged whether they are used"
    ] = 200
    least_used_percent: Annotated[
        float, "where fewer of those codes are used in six hours, nothing more is sent there"
    ] = 5.0
    guesses_per_code: Annotated[int, "guesses after which a code is dead"] = MAX_GUESSES
    guesses_per_day: Annotated[
        int, "code guesses evaluated for one purpose and identifier in any 24 hours"
    ] = 15
    password_guesses_per_quarter_hour: Annotated[
        int, "wrong passwords for one account in any 15 minutes, by strangers or by a known device"
    ] = 10
    password_guesses_per_day: Annotated[
        int, "wrong passwords for one account in any 24 hours, by strangers or by a known device"
    ] = 50
    password_guesses_per_network_hour: Annotated[
        int, "wrong passwords from one client network in any hour"
    ] = 100
    payment_password_guesses_per_quarter_hour: Annotated[
        int, "comparisons with the payment password of one account in any 15 minutes"
    ] = 5
    payment_password_guesses_per_day: Annotated[
        int, "comparisons with the payment password of one account in any 24 hours"
    ] = 25
    session_guesses_per_network_minute: Annotated[
        int, "wrong session codes from one client network in any minute (dialect company)"
    ] = 20
    probes_per_network_hour: Annotated[
        int, "answers that tell whether an account exists, to one client network in any hour"
    ] = 60
    invitation_guesses_per_day: Annotated[
        int, "wrong invitation codes from one account in any 24 hours"
    ] = 10
    word_guesses_per_day: Annotated[int, "wrong words from one account in any 24 hours"] = 50

    def caps(self, limit: Limit) -> tuple[Cap, ...]:
        """The caps that hold for a limit, all at once."""
        guesses = (
            Cap(QUARTER_HOUR, self.password_guesses_per_quarter_hour),
            Cap(DAY, self.password_guesses_per_day),
        )
        caps: dict[Limit, tuple[Cap, ...]] = {
            Limit.SENDS_TO: (
                Cap(MINUTE, self.sends_per_minute),
                Cap(HOUR, self.sends_per_hour),
                Cap(DAY, self.sends_per_day),
            ),
            Limit.SENDS_AROUND: (
                Cap(HOUR, self.sends_per_block_hour),
                Cap(DAY, self.sends_per_block_day),
            ),
            Limit.SENDS_FROM: (Cap(HOUR, self.sends_per_network_hour),),
            Limit.CODE_GUESSES: (Cap(DAY, self.guesses_per_day),),
            Limit.PASSWORD_GUESSES: guesses,
            Limit.PASSWORD_GUESSES_KNOWN: guesses,
            Limit.PASSWORD_GUESSES_FROM: (Cap(HOUR, self.password_guesses_per_network_hour),),
            Limit.PAYMENT_PASSWORD_GUESSES: (
                Cap(QUARTER_HOUR, self.payment_password_guesses_per_quarter_hour),
                Cap(DAY, self.payment_password_guesses_per_day),
            ),
            Limit.PROBES_FROM: (Cap(HOUR, self.probes_per_network_hour),),
            Limit.INVITATION_GUESSES: (Cap(DAY, self.invitation_guesses_per_day),),
            Limit.WORD_GUESSES: (Cap(DAY, self.word_guesses_per_day),),
            Limit.SESSION_GUESSES_FROM: (Cap(MINUTE, self.session_guesses_per_network_minute),),
        }
        return caps[limit]
