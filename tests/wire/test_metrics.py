"""What is counted about requests, and that what clients make up is no label."""

from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors import Fomo
from front_door import World, WorldWith
from hufu.actions.sending import AlarmKind
from hufu.wire import metrics

LOGIN = {"app": "fomo", "endpoint": "customer/login"}
TIMES = "hufu_answer_seconds"


async def value(world: World, name: str, labels: Mapping[str, str]) -> float:
    """The sum of the series of that name that have these labels."""
    page = (await world.get("/metrics")).body.decode()
    families = text_string_to_metric_families(page)
    samples = [each for family in families for each in family.samples if each.name == name]
    return sum(each.value for each in samples if labels.items() <= each.labels.items())


async def test_every_answer_has_its_time(world_with: WorldWith) -> None:
    """One that hides whether there is such an account takes a tick, and no sleep is too short."""
    async with world_with({"apps.fomo.reveal_unknown_user": False}) as world:
        before = await value(world, f"{TIMES}_count", LOGIN)
        total = await value(world, f"{TIMES}_sum", LOGIN)
        slow = await value(world, f"{TIMES}_bucket", {**LOGIN, "le": "0.005"})
        await Fomo().try_to_sign_in(world, "13390633695", "no such password")
        assert await value(world, f"{TIMES}_count", LOGIN) == before + 1
        assert await value(world, f"{TIMES}_sum", LOGIN) >= total + 0.02
        assert await value(world, f"{TIMES}_bucket", {**LOGIN, "le": "0.005"}) == slow


@pytest.mark.parametrize(
    ("app", "endpoint"),
    [("fomo", "customer/login"), ("", "/v1/session"), ("", "/v1/introspect"), ("", "/v1/sessions")],
)
async def test_what_never_broke_is_shown(world: World, app: str, endpoint: str) -> None:
    page = (await world.get("/metrics")).body.decode()
    labels = f'app="{app}",endpoint="{endpoint}",outcome="broken"'
    assert f"hufu_answers_total{{{labels}}}" in page


async def test_what_is_rare_is_shown_before_it_is_counted(world: World) -> None:
    """Or else the first of it is no increase."""
    metrics.ALARMS.clear()
    metrics.RESEALED.clear()
    async with world.server.running():
        page = (await world.get("/metrics")).body.decode()
    for kind in AlarmKind:
        assert f'hufu_alarms_total{{kind="{kind}"}} 0.0' in page
    for outcome in ("done", "lost"):
        assert f'hufu_identity_numbers_resealed_total{{outcome="{outcome}"}} 0.0' in page


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (0.005, 0), (0.0051, 1), (0.025, 1), (0.3, 3), (3.0, 5), (3.1, 6), (1e9, 6)],
)
def test_a_time_is_in_the_bucket_that_ends_with_it_or_after(seconds: float, bucket: int) -> None:
    row = [0.0] * (len(metrics.BOUNDS) + 2)
    metrics.count_time(row, seconds)
    assert [place for place, count in enumerate(row[:-1]) if count] == [bucket]
    assert row[-1] == seconds


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("POST", "/fomo/customer/no_such_call", {"app": "fomo", "outcome": "not_found"}),
        ("GET", "/fomo/.env", {"app": "fomo", "outcome": "not_found"}),
        ("GET", "/wp-login.php", {"app": "", "outcome": "not_found"}),
        ("BREW", "/fomo/customer/login", {**LOGIN, "outcome": "wrong_method"}),
    ],
)
async def test_a_path_that_nobody_has_is_counted_and_no_label(
    world: World, method: str, path: str, labels: dict[str, str]
) -> None:
    labels = {"endpoint": metrics.UNKNOWN, **labels}
    before = await value(world, "hufu_answers_total", labels)
    await world.request(method, path)
    assert await value(world, "hufu_answers_total", labels) == before + 1
    page = (await world.get("/metrics")).body.decode()
    assert "no_such_call" not in page
    assert ".env" not in page
    assert "BREW" not in page
