"""Erased accounts stay erased, also when an older state of the database is restored."""

import asyncio
from collections.abc import Callable, Sequence

from hufu.actions.administration import AccountClosed, erase
from hufu.actions.deps import Deps
from hufu.domain.accounts import AccountState
from hufu.domain.erasures import Erasure

REASON = "erased before; a restore had brought it back"
AT_ONCE = 10_000
AGAIN = 1.0  # Seconds.


async def replay_erasures(pools: Sequence[Deps], erasures: Sequence[Erasure]) -> int:
    """Erase again what is there again; how many accounts that were. `pools` is one app of each.
    Pictures that were put back go too, also where the database knows nothing of them any more.

    May be done at any time and any number of times, by many at once.
    """
    again = 0
    for deps in pools:
        erased = [each for each in erasures if each.pool == deps.app.pool]
        for first in range(0, len(erased), AT_ONCE):
            again += await _replay(deps, erased[first : first + AT_ONCE])
        # Ids are drawn anew: what was stored since then is somebody else's.
        newest = sorted(erased, key=lambda each: each.erased_at)
        await deps.uploads.remove_all({each.account_id: each.erased_at for each in newest})
    return again


async def _replay(deps: Deps, erasures: Sequence[Erasure]) -> int:
    async with deps.look() as work:
        accounts = await work.accounts.all_of([each.account_id for each in erasures])
    undone: dict[int, list[Erasure]] = {}
    for each in erasures:
        undone.setdefault(each.account_id, []).append(each)
    again = 0
    for account in accounts:
        if any(each.undone(account) for each in undone[account.id]):
            try:
                await erase(deps, account.id, REASON)
            except AccountClosed:
                continue  # By another server that starts at the same time.
            again += 1
    return again


async def keep_erased(
    pools: Sequence[Deps], told: Callable[[int], None], broken: Callable[[Exception], None]
) -> None:
    """Replay the journal once, for the database may have been restored. Who serves is not ready
    before it is `told` that this is done; what was `broken` is tried again until it is."""
    while True:
        try:
            erasures = [each for deps in pools[:1] for each in await deps.erasures.read()]
            again = await replay_erasures(pools, erasures)
        except Exception as error:  # noqa: BLE001  # Told; it may be mended later.
            broken(error)
            await asyncio.sleep(AGAIN)
        else:
            told(again)
            return


async def list_erasures(pools: Sequence[Deps]) -> list[Erasure]:
    """Every closed account as the database knows it, for a journal that was lost. When each was
    erased stands in its events; here it is the time of asking."""
    found: list[Erasure] = []
    for deps in pools:
        async with deps.look() as work:
            accounts = await work.accounts.all_in(deps.app.pool, AccountState.CLOSED)
        found += (Erasure(each.id, each.pool, each.created_at, deps.now()) for each in accounts)
    return found
