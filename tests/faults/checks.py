"""Session checks at an even pace, and what came of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from faults.connection import Connection, Unanswered, Unsent
from faults.people import Person

RATE = 100.0
"""Requests a second, each on a connection of its own."""


async def ask_evenly(
    port: int, people: Sequence[Person], asked: Counter[str], over: asyncio.Event
) -> None:
    """Check their sessions until it is over, whether the check before was answered or not."""
    began, number = time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        while not over.is_set():
            group.create_task(check(port, people[number % len(people)], asked))
            number += 1
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))


async def check(port: int, person: Person, asked: Counter[str]) -> None:
    """Count `done` where the session is good, what else became of it otherwise."""
    connection = Connection(port, kept=False)
    try:
        answer = await connection.form("/fomo/customer/get_user_info", session_key=person.session)
    except Unsent:
        asked["unsent"] += 1
    except Unanswered:
        asked["unanswered"] += 1
    else:
        good = answer.status == 200 and answer.json()["status"] == 1
        asked["done" if good else f"answered {answer.status}"] += 1


async def lost(port: int, people: Sequence[Person]) -> int:
    """How many of their sessions are not good."""
    asked: Counter[str] = Counter()
    for person in people:
        await check(port, person, asked)
    return asked.total() - asked["done"]
