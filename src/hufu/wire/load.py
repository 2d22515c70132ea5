"""How busy a process is: its loop, threads, connections and clients, and what has to leave it."""

import asyncio
from collections import Counter as Counts
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from hufu.actions.delivery import Backlog
from hufu.http.server import HttpServer
from hufu.services.overload import BoundedThreads
from hufu.services.perseverance import Perseverance, Tell, keep_doing
from hufu.wire import metrics

LOOK_EVERY = 0.25
OUTBOX_EVERY = 10.0
OUTBOX_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """A process as it is now: its threads by the kind of their work; how many connections it has
    and may have, how many of those do nothing, and how much work waits for one; and by a provider's
    name whether its breaker is open."""

    work: Mapping[str, BoundedThreads]
    connections: int
    connections_most: int
    connections_idle: int
    connections_wanted: int
    breakers: Mapping[str, bool]


async def watch_load(look: Callable[[], Load], tell: Tell) -> None:
    """Measure for ever, and count what was refused since the last look."""
    loop, refused, trouble = asyncio.get_running_loop(), Counts[str](), Perseverance(tell)
    while True:
        due = loop.time() + LOOK_EVERY
        await asyncio.sleep(LOOK_EVERY)
        with trouble:
            metrics.LOOP_LAG.observe(max(0.0, loop.time() - due))
            _show(look(), refused)


def _show(load: Load, refused: Counts[str]) -> None:
    for name, work in load.work.items():
        metrics.WORK_SLOTS.labels(name).set(work.most)
        metrics.WORK_RUNNING.labels(name).set(work.busy)
        metrics.WORK_WAITING.labels(name).set(work.waiting)
        metrics.WORK_REFUSED.labels(name).inc(work.refused - refused[name])
        refused[name] = work.refused
    metrics.CONNECTIONS.labels("idle").set(load.connections_idle)
    metrics.CONNECTIONS.labels("busy").set(load.connections - load.connections_idle)
    metrics.CONNECTIONS_MOST.set(load.connections_most)
    metrics.CONNECTIONS_WANTED.set(load.connections_wanted)
    for provider, is_open in load.breakers.items():
        metrics.BREAKERS_OPEN.labels(provider).set(is_open)


async def watch_clients(server: HttpServer, tell: Tell) -> None:
    """Show for ever how many clients there are, and count what the server itself told them."""
    answers, turned_away = Counts[int](), 0

    async def show() -> None:
        nonlocal turned_away
        metrics.HTTP_CONNECTIONS.labels("open").set(server.open)
        metrics.HTTP_CONNECTIONS.labels("left").set(server.left)
        metrics.HTTP_CONNECTIONS_MOST.set(server.bounds.connections)
        for status, count in server.answers.items():
            metrics.HTTP_ANSWERS.labels(str(status)).inc(count - answers[status])
            answers[status] = count
        metrics.HTTP_TURNED_AWAY.inc(server.turned_away - turned_away)
        turned_away = server.turned_away

    await keep_doing(show, LOOK_EVERY, tell)


async def watch_outbox(
    read: Callable[[], Awaitable[Mapping[tuple[str, str], Backlog]]], tell: Tell
) -> None:
    """Show for ever what waits to be sent, by app and channel."""

    async def show() -> None:
        for (app, channel), backlog in (await read()).items():
            metrics.LETTERS_WAITING.labels(app, channel).set(backlog.letters)
            metrics.LETTERS_AGE.labels(app, channel).set(backlog.age)

    await keep_doing(show, OUTBOX_EVERY, tell, again=OUTBOX_AGAIN)
