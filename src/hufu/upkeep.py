"""What a serving process does beside requests: the clock, messages, what has ended, figures."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog

from hufu.actions.delivery import BATCH, Lane, Trouble
from hufu.actions.erasures import keep_erased
from hufu.actions.janitor import Swept
from hufu.actions.keys import keep_resealing
from hufu.actions.sending import raise_alarms, read_sending
from hufu.core import Core
from hufu.domain.ledger import UNITS
from hufu.services.clock import ClockUnknown, DatabaseClock
from hufu.services.erasures import JournalUnavailable
from hufu.services.perseverance import Perseverance, Tell, keep_doing
from hufu.storage.loss import DatabaseUnavailable
from hufu.wire import metrics as counted
from hufu.wire.load import watch_load, watch_outbox

SYNC_WITHIN = 5.0
"""Seconds for which serving waits for the database's clock; without it, it is only not ready."""
SYNC_EVERY = 10.0
SYNC_AGAIN = 0.5
LOOK_EVERY = 1.0
WATCH_EVERY = 60.0
TIDY_LOOK_EVERY = 15.0
PUBLISH_EVERY = 1.0
REPLAY_WITHIN = 1.0
"""Seconds for which serving waits for the journal of erasures, which is mostly empty; after that it
is only not ready."""
ERASURES = "erasures"

_log = structlog.get_logger()


@asynccontextmanager
async def kept_up(core: Core) -> AsyncIterator[None]:
    """While it lasts, the clock is kept, letters are delivered, and what has ended is removed.

    It begins with the database's clock and the journal of erasures, where the database can be
    reached.
    """
    counted.begin()
    with contextlib.suppress(Exception):  # It is asked again at once, and then told of.
        if isinstance(core.clock, DatabaseClock):
            async with asyncio.timeout(SYNC_WITHIN):
                await core.clock.sync()
    pools = list({each.app.pool: each for each in core.apps.values()}.values())
    replay = _Replay(core.problems)
    work = [
        *(_deliver(core, lane) for lane in core.courier.lanes),
        _watch_sending(core),
        _publish_counts(),
        watch_load(core.load, teller("load_watch")),
        watch_outbox(core.courier.backlog, teller("outbox_watch")),
        keep_resealing(core.database, core.secrets, counted.add_resealed, teller("resealing")),
        keep_erased(pools, replay.done, replay.broken),
        _tidy(core),
    ]
    if isinstance(core.clock, DatabaseClock):
        work.append(keep_doing(core.clock.sync, SYNC_EVERY, teller("clock"), again=SYNC_AGAIN))
    if (replica := core.database.replica) is not None:
        work.append(replica.keep_proving(teller("replica")))
    tasks = [asyncio.create_task(each) for each in work]
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(replay.tried.wait(), REPLAY_WITHIN)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        counted.publish()


async def _watch_sending(core: Core) -> None:
    await asyncio.sleep(WATCH_EVERY)
    await keep_doing(partial(watch_sending, core), WATCH_EVERY, teller("watch"))


async def _tidy(core: Core) -> None:
    interval = core.configuration.settings.janitor.interval_seconds
    every = min(TIDY_LOOK_EVERY, interval) if interval else WATCH_EVERY
    await asyncio.sleep(every)
    await keep_doing(partial(_look_after, core), every, teller("janitor"))


async def _look_after(core: Core) -> None:
    """Remove what has ended, if it is due and the servers do that, and show when it was last done,
    by whomever."""
    if core.configuration.settings.janitor.interval_seconds:
        await core.janitor.sweep_if_due(_count_swept)
    if done_at := await core.janitor.done_at():
        counted.SWEPT_AT.set(done_at.timestamp())


async def _publish_counts() -> None:
    trouble = Perseverance(teller("figures"))
    while True:
        await asyncio.sleep(PUBLISH_EVERY)
        with trouble:
            counted.publish()


async def watch_sending(core: Core) -> None:
    """Show how far messages may still be sent, and raise the alarm where not."""
    status = await read_sending(core.apps)
    for budget in status.budgets:
        if budget.spendable is not None:
            counted.BUDGET_LEFT.labels(budget.app).set(budget.spendable / UNITS)
    counted.PREFIXES_STOPPED.set(sum(each.stopped for each in status.prefixes))
    for alarm in await raise_alarms(core.apps, status):
        counted.ALARMS.labels(alarm.kind).inc()
        _log.warning("alarm", kind=alarm.kind, subject=alarm.subject)


async def _deliver(core: Core, lane: Lane) -> None:
    trouble = Perseverance(teller("delivery"))
    while True:
        lane.letters.clear()
        taken = 0
        with trouble:
            taken = await core.courier.deliver_due(_tell, lane)
        if taken < BATCH:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lane.letters.wait(), LOOK_EVERY)


def teller(what: str) -> Tell:
    """Tells the log that something done beside requests is broken, and when it is well again."""

    def tell(error: str | None) -> None:
        if error is None:
            _log.info(f"{what}_well")
        else:
            _log.error(f"{what}_broken", error=error)

    return tell


def _tell(trouble: Trouble) -> None:
    _log.warning(
        "letter_not_sent",
        letter=trouble.letter,
        reason=trouble.reason,
        given_up=trouble.given_up is not None,
    )
    if trouble.given_up is not None:
        counted.GIVEN_UP.labels(trouble.given_up).inc()


class _Replay:
    """What is said of replaying the journal of erasures: that the server is not ready before it is
    done, and what is wrong with it, once."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.tried = asyncio.Event()
        self._problems = problems
        self._problems[ERASURES] = "not yet replayed"
        self._told = ""

    def done(self, accounts: int) -> None:
        """It is; so many accounts were erased again."""
        del self._problems[ERASURES]
        if self._told:
            _log.warning("replay_mended")
        _tell_erased_again(accounts)
        self.tried.set()

    def broken(self, error: Exception) -> None:
        """It will be tried again."""
        self.tried.set()
        if isinstance(error, (DatabaseUnavailable, ClockUnknown)):
            return  # `/ready` tells.
        kind = type(error).__name__
        self._problems[ERASURES] = f"cannot be replayed ({kind})"
        if self._told != kind:
            self._told = kind
            # The text of anything else may hold what is nobody's business.
            reason = str(error) if isinstance(error, JournalUnavailable) else None
            _log.error("replay_broken", error=kind, reason=reason)


def _tell_erased_again(accounts: int) -> None:
    if accounts:
        _log.warning("erased_again", accounts=accounts)


def _count_swept(swept: Swept) -> None:
    counted.SWEPT.labels(swept.kind).inc(swept.found)
