"""What no standby has is not acknowledged, where one is to be waited for."""

from pathlib import Path

import pytest

from faults.postgres import Servers, open_folder
from hufu.storage.database import Database
from hufu.storage.loss import DatabaseUnavailable

SHORT = 0.2
"""Seconds that a statement may take. PostgreSQL would give up waiting for the standby, and say that
all is well, if this bounded COMMIT too."""


async def in_a_transaction(database: Database) -> None:
    async with database.begin(lambda: None) as work:
        await work.heartbeats.save("worker", "sign")
        await work.commit()


async def by_itself(database: Database) -> None:
    async with database.look() as work:
        await work.heartbeats.save("worker", "sign")


async def test_a_commit_that_no_standby_has_is_not_acknowledged(template: Path) -> None:
    with open_folder() as folder:
        servers = Servers(folder, template)
        try:
            primary = await servers.made()
            await primary.set(synchronous_standby_names="nobody")
            database = await Database.open(primary.url, size=1, wait=10, statement=SHORT, lock=1)
            for write in (in_a_transaction, by_itself):
                with pytest.raises(DatabaseUnavailable):
                    await write(database)
            await database.close()
        finally:
            servers.close()
