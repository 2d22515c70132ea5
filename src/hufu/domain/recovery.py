"""Recovery: a proved identifier gives a grant, and a grant sets one password."""

from datetime import datetime, timedelta

from hufu.domain.identifiers import BoundIdentifier

GRANT_LIFE = timedelta(minutes=15)


def may_recover(bound: BoundIdentifier, others: int, delay: timedelta, now: datetime) -> bool:
    """Whether a code sent to the identifier may open the account again.

    A newly bound one may not for `delay`, so that a stolen session cannot be turned into the
    account, unless the account has no older one: `others` is how many were verified before it.
    """
    return bound.verified and (others == 0 or now - bound.bound_at >= delay)
