"""Whether a caller still may, at the moment when something is written."""

from hufu.domain.accounts import AccountState
from hufu.domain.errors import SessionDead
from hufu.domain.permissions import Caller
from hufu.storage.work import Work


async def lock_own(work: Work, caller: Caller) -> None:
    """Hold the caller's account, so that its steps run one by one. Raises SessionDead where it was
    barred or closed since the caller was recognised."""
    account = await work.accounts.lock(caller.account_id)
    if account.state is not AccountState.ACTIVE:
        raise SessionDead
