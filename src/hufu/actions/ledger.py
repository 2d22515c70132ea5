"""Moving coins, and looking after the ledger."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hufu.actions.deps import Deps
from hufu.domain.chains import ANCHOR_EVERY, Anchor, ChainAudit
from hufu.domain.errors import AccountUnknown
from hufu.domain.events import EventKind
from hufu.domain.ledger import (
    Holder,
    HolderKind,
    Transfer,
    TransferRepeated,
    user,
)
from hufu.storage.chains import FIRST_ID
from hufu.storage.ledger import Entry
from hufu.storage.work import Work

AUDITED_AT_ONCE = 5000


async def post(work: Work, transfers: Sequence[Transfer], now: datetime) -> list[int]:
    """Write the transfers and move the balances with them; the transfers' ids.

    Everything that one transaction moves goes in one call, and no other lock is taken after it:
    balances are locked in one order, and chains last. Raises Overdrawn, TransferRepeated.
    """
    changes: dict[tuple[Holder, int], int] = defaultdict(int)
    for transfer in transfers:
        for posting in transfer.postings:
            if posting.holder.kind is not HolderKind.ISSUER:
                changes[posting.holder, posting.coin_id] += posting.amount
    for (holder, coin_id), change in sorted(changes.items()):
        if change < 0:
            await work.ledger.take(holder, coin_id, -change)
        elif change > 0:
            await work.ledger.give(holder, coin_id, change)
    added = [await work.ledger.add(transfer) for transfer in transfers]
    if any(length % ANCHOR_EVERY == 0 for _, length in added):
        await work.chains.add(now)
    return [id for id, _ in added]


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has, in units by coin."""

    account_id: int
    amounts: dict[int, int]


@dataclass(frozen=True, slots=True)
class ReadBalance:
    """What does this account have?"""

    account_id: int


async def read_balance(deps: Deps, cmd: ReadBalance) -> Balance:
    """What an account of the app's pool has. Raises AccountUnknown."""
    async with deps.look() as work:
        if await work.accounts.find(cmd.account_id, deps.app.pool) is None:
            raise AccountUnknown
        return Balance(cmd.account_id, await work.ledger.balances(user(cmd.account_id)))


# What an operator does


async def read_entries(deps: Deps, account_id: int, most: int) -> list[Entry]:
    """The newest transfers that touched the account. Raises AccountUnknown."""
    async with deps.look() as work:
        if await work.accounts.find(account_id, deps.app.pool) is None:
            raise AccountUnknown
        return await work.ledger.of(user(account_id), most)


async def read_coins(deps: Deps) -> dict[int, str]:
    """The coins' names, by id."""
    async with deps.look() as work:
        return await work.ledger.coins()


async def add_coin(deps: Deps, name: str) -> int | None:
    """Make a coin; its id, or None where there is one of that name."""
    async with deps.begin() as work:
        coin_id = await work.ledger.claim_coin(name)
        if coin_id is None:
            return None
        await work.events.add(EventKind.COIN_ADDED, deps.now(), coin=coin_id, name=name)
        await work.commit()
    return coin_id


class TransferUnknown(Exception):
    """There is no transfer of that id."""


async def read_transfer(deps: Deps, transfer_id: int) -> Transfer:
    """The transfer of that id. Raises TransferUnknown."""
    async with deps.look() as work:
        transfer = await work.ledger.find(transfer_id)
    if transfer is None:
        raise TransferUnknown
    return transfer


async def reverse_transfer(deps: Deps, transfer_id: int, reason: str) -> int:
    """Take a transfer back by another one; its id.

    Raises TransferUnknown, Irreversible, TransferRepeated where that was done before, Overdrawn
    where a holder has less than it would have to give back.
    """
    async with deps.begin() as work:
        transfer = await work.ledger.find(transfer_id)
        if transfer is None:
            raise TransferUnknown
        if await work.ledger.is_reversed(transfer_id):
            raise TransferRepeated
        now = deps.now()
        await work.events.add(EventKind.TRANSFER_REVERSED, now, transfer=transfer_id, reason=reason)
        [id] = await post(work, [transfer.reversal(transfer_id, reason, now)], now)
        await work.commit()
    return id


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit saw: how many transfers, the first thing that is wrong, or None, and the newest
    anchor, whose hash stands for everything before it."""

    transfers: int
    wrong: str | None
    anchor: Anchor | None


async def audit_ledger(
    deps: Deps, on_progress: Callable[[int, int], None], witness: tuple[int, str] | None
) -> Audited:
    """Follow every chain from its beginning, and compare balances and awards with what is posted.

    It sees the ledger as it was when it began, and keeps nobody waiting. `witness` is the number
    and the hash, in hex, of an anchor that was noted down earlier. `on_progress` is told how many
    transfers of how many were seen.
    """
    async with deps.begin() as work:
        count, anchors = await work.chains.begin_audit()
        audit, seen = ChainAudit(anchors), 0
        newest = anchors[-1] if anchors else None
        wrong = _disowned(anchors, witness)
        entries = await work.chains.after(FIRST_ID, AUDITED_AT_ONCE)
        while entries and wrong is None:
            for entry in entries:
                wrong = wrong or _follow(audit, entry)
            seen += len(entries)
            on_progress(seen, count)
            entries = await work.chains.after(entries[-1].id, AUDITED_AT_ONCE)
        wrong = (
            wrong
            or audit.finish(await work.chains.ends())
            or await work.chains.first_unequal()
            or await work.chains.first_unlike()
        )
    return Audited(seen, wrong, newest)


def _disowned(anchors: Sequence[Anchor], witness: tuple[int, str] | None) -> str | None:
    if witness is None:
        return None
    number, expected = witness
    for anchor in anchors:
        if anchor.id == number:
            same = anchor.hash.hex() == expected.lower()
            return None if same else f"anchor {number} is not the one that was noted down"
    return f"anchor {number} is missing"


def _follow(audit: ChainAudit, entry: Entry) -> str | None:
    if entry.transfer is None:
        return f"transfer {entry.id}: what is kept of it can be no transfer"
    return audit.follow(entry.id, entry.transfer, entry.hash)
