"""`hufu janitor`."""

import json

from front_door import World

OLD = "now() - interval '1 year'"


async def test_it_counts_first_and_then_removes(hufu, world: World) -> None:
    assert "never" in (await hufu("janitor", "--dry-run")).stdout
    await world.sql(
        f"INSERT INTO captchas SELECT 'rental', n::text, '', '', {OLD}, {OLD} "
        "FROM generate_series(1, 7) AS n"
    )
    dry = await hufu("janitor", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "would be removed" in dry.stdout
    assert ["captchas", "7"] in [line.split() for line in dry.stdout.splitlines()]
    assert "The time before: never." in dry.stdout
    done = json.loads((await hufu("janitor", "--json")).stdout)
    assert done["removed"] is True
    assert done["rows"]["captchas"] == 7
    assert sum(done["rows"].values()) == 7
    assert done["last_time"] is None
    again = json.loads((await hufu("janitor", "--dry-run", "--json")).stdout)
    assert again["removed"] is False
    assert sum(again["rows"].values()) == 0
    assert again["last_time"].startswith("20")
    assert await world.sql("SELECT FROM captchas") == []
