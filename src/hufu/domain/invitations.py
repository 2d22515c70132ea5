"""Who invited whom: a forest, because an inviter is always the older account."""

from datetime import datetime

from hufu.domain.accounts import Account, AccountState


def may_invite(inviter: Account, invited_id: int, invited_since: datetime) -> bool:
    """Whether `inviter` may be recorded as the one who invited the account.

    Strictly older, ties broken by id, so that no cycle can arise in whatever order links are set.
    """
    age = (inviter.created_at, inviter.id)
    return inviter.state is AccountState.ACTIVE and age < (invited_since, invited_id)
