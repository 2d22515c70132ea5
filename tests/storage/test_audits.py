"""An audit of the ledger takes as long as it takes, whatever bounds requests."""

from front_door import World


async def test_no_statement_of_an_audit_is_broken_off(world: World) -> None:
    async with world.core.database.begin(lambda: None) as work:
        await work._connection.execute("SET LOCAL statement_timeout = '5s'")
        await work.chains.begin_audit()
        assert await work._connection.fetchval("SHOW statement_timeout") == "0"
