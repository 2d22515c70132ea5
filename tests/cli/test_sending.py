"""`hufu sending status`: how far messages may still be sent."""

import json
from typing import Any

from attacks.test_pumping import WATCHED, anywhere, pumped

MONEY = {"apps.fomo.price_per_message": 0.05, "apps.fomo.budget_per_day": 1.0}
ENVIRONMENT = {
    "HUFU_LIMITS__SENDS_BEFORE_BREAKER": "10",
    "HUFU_LIMITS__LEAST_USED_PERCENT": "20",
    "HUFU_APPS__FOMO__PRICE_PER_MESSAGE": "0.05",
    "HUFU_APPS__FOMO__BUDGET_PER_DAY": "1.0",
}


async def status(hufu: Any, *more: str) -> str:
    result = await hufu("sending", "status", *more, env=ENVIRONMENT)
    assert result.exit_code == 0, result.output
    return str(result.stdout)


async def test_before_anything_was_sent(world: Any, hufu: Any) -> None:
    found = json.loads(await status(hufu, "--json"))
    assert found["prefixes"] == []
    assert found["budgets"][0] == {
        "app": "fomo",
        "budget": "1.0000",
        "spent": "0.0000",
        "left": "1.0000",
    }
    assert found["budgets"][1] == {
        "app": "company",
        "budget": None,
        "spent": "0.0000",
        "left": None,
    }


async def test_what_was_sent_and_where_it_stops(world_with: Any, hufu: Any) -> None:
    async with world_with({**WATCHED, **MONEY}) as world:
        await pumped(world, anywhere, 12)
        await world.sql("UPDATE sending SET slot = slot - interval '1 hour'")
        found = json.loads(await status(hufu, "--json"))
        assert found["budgets"][0]["left"] == "0.4000"
        assert found["prefixes"] == [
            {"prefix": "+861391", "sent": 12, "used": 0, "state": "stopped"}
        ]
        printed = (await status(hufu)).splitlines()
    assert printed[0].split() == ["app", "budget", "of", "the", "day", "spent", "left"]
    assert printed[1].split() == ["fomo", "1.0000", "0.6000", "0.4000"]
    assert printed[2].split()[:3] == ["company", "no", "bound"]
    assert printed[-1].split() == ["+861391", "12", "0", "stopped"]
