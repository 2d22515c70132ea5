"""Registrations that wait for their code: a name and a verifier, but no account yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hufu.domain.errors import ChallengeUnknown, Refusal
from hufu.domain.identifiers import Identifier
from hufu.domain.passwords import Verifier

LIFE = timedelta(minutes=30)
MAX_LIVE_PER_IDENTIFIER = 3
MAX_LIVE_PER_NETWORK = 20


@dataclass(frozen=True, slots=True)
class Registration:
    """A pending registration. `account_id` is set once it is completed, so a lost answer can be
    asked for again within its life."""

    id: int
    app: str
    code_id: int
    identifier: Identifier
    verifier: Verifier
    expires_at: datetime
    voided: bool
    account_id: int | None

    def open(self, now: datetime) -> Refusal | None:
        """Why it can no longer be completed, or None."""
        if self.voided or now >= self.expires_at:
            return ChallengeUnknown()
        return None
