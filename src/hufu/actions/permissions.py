"""Whether a caller still may, at the moment when something is written."""

from hufu.domain.accounts import Account, AccountState
from hufu.domain.errors import SessionDead
from hufu.domain.permissions import Caller
from hufu.storage.work import Work


async def lock_own(work: Work, caller: Caller) -> Account:
    """Hold the caller's account, so that its steps run one by one. Raises SessionDead where it was
    barred or closed since the caller was recognised."""
    return await lock_active(work, caller.account_id)


async def lock_active(work: Work, account_id: int) -> Account:
    """Hold an account that is in use. Raises SessionDead where it is not any more."""
    account = await work.accounts.lock(account_id)
    if account.state is not AccountState.ACTIVE:
        raise SessionDead
    return account
