"""Accounts: what one person has, whichever app they came through."""

from datetime import datetime
from enum import StrEnum

from hufu.domain.errors import AccountBarred, AccountUnknown, Refusal
from hufu.domain.values import value


class AccountState(StrEnum):
    """Whether an account may be used. A closed account is a tombstone: nothing leads to it."""

    ACTIVE = "active"
    BARRED = "barred"
    CLOSED = "closed"


@value
class Account:
    """One account of a pool; the id is random and gives no power."""

    id: int
    pool: str
    state: AccountState
    created_at: datetime

    def admit(self) -> Refusal | None:
        """Why somebody who proved to be the owner is not let in, or None."""
        match self.state:
            case AccountState.ACTIVE:
                return None
            case AccountState.BARRED:
                return AccountBarred()
            case AccountState.CLOSED:
                return AccountUnknown()
