"""Migrations reach whatever database the server reaches, however its address is written."""

import pytest

from hufu.storage.upgrade import migrate


@pytest.mark.parametrize("parameters", ["sslmode=disable", "target_session_attrs=read-write"])
async def test_an_address_may_say_all_that_asyncpg_knows(
    database_url: str, parameters: str
) -> None:
    await migrate(f"{database_url}&{parameters}")


async def test_an_address_may_name_several_hosts(database_url: str) -> None:
    nobody = "127.0.0.1:1"
    first, second = database_url.split("host=", 1)[1].split("&port=")
    await migrate(f"postgresql://hufu@/hufu?host={nobody[:9]},{first}&port=1,{second}")
