"""Who invited whom: a forest, because an inviter is always the older account."""

from dataclasses import dataclass
from datetime import datetime

from hufu.domain.accounts import Account, AccountState

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters of invitation codes: Crockford's base 32, without I, L, O and U."""

CODE_LENGTH = 8
LONGEST_CODE = 12

_MISREAD = str.maketrans("ILO", "110")


@dataclass(frozen=True, slots=True)
class Invitation:
    """The link between an account and the one that invited it, made at `set_at`."""

    account_id: int
    inviter_id: int
    set_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationCode:
    """What an account gives to others so that they can name it as their inviter."""

    account_id: int
    code: str
    created_at: datetime


def code_spellings(typed: str) -> tuple[str, ...]:
    """The codes that may be meant, the likeliest first: our own have no I, L and O, so those are 1
    and 0; codes of another length are older ones, and may have them."""
    code = typed.upper()
    if len(code) != CODE_LENGTH:
        return (code,)
    return tuple(dict.fromkeys((code, code.translate(_MISREAD))))


def may_invite(inviter: Account, invited_id: int, invited_since: datetime) -> bool:
    """Whether `inviter` may be recorded as the one who invited the account.

    Strictly older, ties broken by id, so that no cycle can arise in whatever order links are set.
    """
    age = (inviter.created_at, inviter.id)
    return inviter.state is AccountState.ACTIVE and age < (invited_since, invited_id)
