"""What is removed some time after its end, and how long it is kept until then.

Whoever reads a row looks whether it has ended, so nothing depends on when, or whether, it goes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hufu.domain.devices import KNOWN_FOR
from hufu.domain.limits import DAY

COUNTED = DAY
"""The longest window of a limit, and longer than codes are watched for being used."""

ALARMS_KEPT = timedelta(days=30)
"""Their reason to be is one day: an alarm is raised once in it."""


class Perishable(StrEnum):
    """What ends, by its table. Its end is named beside it."""

    SESSIONS = "sessions"  # when it expires, or was idle for too long
    CODES = "codes"  # when it expires
    REGISTRATIONS = "registrations"  # when it expires
    GRANTS = "grants"  # when it expires
    CAPTCHAS = "captchas"  # when it expires
    OUTBOX = "outbox"  # when it was sent or given up, or is not worth sending any more
    LIMITS = "limits"  # its latest hit
    SENDING = "sending"  # when its slot begins
    DEVICES = "devices"  # the last sign-in from it
    ALARMS = "alarms"  # when it was raised


@dataclass(frozen=True, slots=True)
class Retention:
    """How long after their end sessions, `challenges` (codes and whatever waits for one, captchas,
    grants) and `letters` are kept. The other times follow from the rules."""

    sessions: timedelta
    challenges: timedelta
    letters: timedelta

    def until(self, kind: Perishable, now: datetime) -> datetime:
        """What ended at this time or before goes now."""
        match kind:
            case Perishable.SESSIONS:
                kept = self.sessions
            case Perishable.OUTBOX:
                kept = self.letters
            case Perishable.LIMITS | Perishable.SENDING:
                kept = COUNTED
            case Perishable.DEVICES:
                kept = KNOWN_FOR
            case Perishable.ALARMS:
                kept = ALARMS_KEPT
            case _:
                kept = self.challenges
        return now - kept
