"""Reads from the database what the checker compares with what clients were told."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg

from faults.checker import Found, Given
from hufu.actions.app_secrets import make_app_secret
from hufu.actions.captchas import read_captcha
from hufu.actions.delivery import newest_letters
from hufu.actions.ledger import audit_ledger
from hufu.configuration import load
from hufu.core import UPLOADS, Core, open_core
from hufu.services.clock import DatabaseClock
from hufu.storage.loss import DatabaseUnavailable

AWARDS = """
SELECT account_id, id, item, day, amount FROM awards
"""
TRANSFERS = """
SELECT p.holder_id, count(*) AS times FROM transfers AS t JOIN postings AS p ON p.transfer_id = t.id
WHERE t.kind = 'award' AND p.holder = 'user' GROUP BY p.holder_id
"""
BALANCES = """
SELECT holder_id, sum(amount)::bigint AS amount FROM balances
WHERE holder = 'user' GROUP BY holder_id
"""


PNG_END = b"IEND\xaeB`\x82"


class Look:
    """A second pair of eyes on a server's database, with the server's own secrets."""

    def __init__(self, core: Core, url: str) -> None:
        self._core = core
        self._url = url

    async def code(self, to: str) -> str | None:
        """The newest code sent to a mainland mobile or an address; None while that cannot be
        told."""
        recipient = to if "@" in to else f"+86{to}"
        try:
            letters = await newest_letters(
                self._core.database, self._core.secrets.letters, recipient, 1
            )
        except DatabaseUnavailable:
            return None
        return letters[0].code if letters else None

    async def captcha(self, codeid: str) -> str | None:
        """The text of a captcha that rental has drawn."""
        await self._synced()
        return await read_captcha(self._core.apps["rental"], codeid)

    async def identifiers(self, names: Collection[str]) -> int:
        """How many of these mainland mobiles and addresses somebody has."""
        connection = await asyncpg.connect(self._url)
        try:
            keys = [name if "@" in name else f"+86{name}" for name in names]
            bound = "SELECT count(*) FROM identifiers WHERE key = ANY($1)"
            return int(await connection.fetchval(bound, keys))
        finally:
            await connection.close()

    async def app_secret(self) -> str:
        """A secret of fomo's backend."""
        await self._synced()
        return await make_app_secret(self._core.apps["fomo"])

    async def found(self) -> Found:
        """Everything that there is."""
        await self._synced()
        audited = await audit_ledger(self._core.apps["fomo"], lambda _, __: None, None)
        connection = await asyncpg.connect(self._url)
        try:
            async with connection.transaction(isolation="repeatable_read"):
                found = await _found(connection, audited.wrong)
        finally:
            await connection.close()
        return replace(found, files=await asyncio.to_thread(self._files))

    def _files(self) -> frozenset[str]:
        """The names of the pictures that are whole."""
        folder = self._core.configuration.settings.data_dir / UPLOADS
        files = folder.iterdir() if folder.is_dir() else ()
        return frozenset(each.name for each in files if each.read_bytes().endswith(PNG_END))

    async def _synced(self) -> None:
        clock = self._core.clock
        if isinstance(clock, DatabaseClock):
            await clock.sync()


async def _found(connection: asyncpg.Connection, ledger: str | None) -> Found:
    owners, sessions = defaultdict(list), defaultdict(set)
    for row in await connection.fetch("SELECT key, account_id FROM identifiers"):
        owners[row["key"].removeprefix("+86")].append(row["account_id"])
    for row in await connection.fetch("SELECT account_id, token_hash FROM sessions"):
        sessions[row["account_id"]].add(row["token_hash"].hex())
    registered = await connection.fetch("SELECT account_id FROM events WHERE kind = 'registered'")
    letters = await connection.fetch("SELECT recipient FROM outbox WHERE purpose = 'register'")
    awards = defaultdict(list)
    for row in await connection.fetch(AWARDS):
        given = Given(row["id"], row["item"], row["day"], row["amount"])
        awards[row["account_id"]].append(given)
    sums = await connection.fetch(
        "SELECT coin_id, sum(amount) AS total FROM balances GROUP BY coin_id"
    )
    cities = await connection.fetch("SELECT account_id, city FROM profiles WHERE app = 'fomo'")
    pictures = await connection.fetch("SELECT account_id, avatar FROM profiles WHERE app = 'fomo'")
    return Found(
        owners=owners,
        registered=Counter(row["account_id"] for row in registered),
        letters=Counter(row["recipient"].removeprefix("+86") for row in letters),
        sessions={account: frozenset(tokens) for account, tokens in sessions.items()},
        awards=awards,
        transfers=dict(await connection.fetch(TRANSFERS)),
        balances=dict(await connection.fetch(BALANCES)),
        cities=dict(cities),
        pictures=dict(pictures),
        ledger=ledger,
        unbalanced=[row["coin_id"] for row in sums if row["total"]],
    )


@asynccontextmanager
async def looking(url: str, data: Path) -> AsyncIterator[Look]:
    """Eyes on the database of the server whose data folder this is."""
    settings = load(None, {}, {"data_dir": str(data), "database_url": url})
    core = await open_core(settings)
    try:
        yield Look(core, url)
    finally:
        await core.close()
