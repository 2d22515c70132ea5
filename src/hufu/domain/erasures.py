"""Erasures: what has to be known of one so that it can be done again after a restore."""

from datetime import datetime

from hufu.domain.accounts import Account, AccountState
from hufu.domain.values import value


@value
class Erasure:
    """An account was closed and its person erased. Ids are drawn anew, so the time at which the
    account was made tells whether an account of that id is the same one."""

    account_id: int
    pool: str
    created_at: datetime
    erased_at: datetime

    def undone(self, account: Account) -> bool:
        """Whether the account is the one that was erased and is there again."""
        same = (account.pool, account.created_at) == (self.pool, self.created_at)
        return same and account.state is not AccountState.CLOSED
