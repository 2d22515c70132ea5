"""The register of deviations: what is in force is told, settings stop what they say they stop, and
what contains some of them."""

from dataclasses import replace

import pytest
import structlog

from actors import Creator, Rental
from front_door import World
from hufu.actions import invitations
from hufu.app import Server
from hufu.cli.docs_deviations import in_force, speakers
from hufu.domain.instants import Instant
from hufu.services.clock import Clock
from hufu.settings import DIALECTS
from hufu.wire import deviations as register
from hufu.wire.deviations import ALL, Deviation, Switch
from rewarding import members

PHONE, PASSWORD = "13390633695", "open-sesame"
NUMBER = "11010519491231002X"

each_deviation = pytest.mark.parametrize("deviation", ALL, ids=lambda each: each.id)
each_switch = pytest.mark.parametrize(
    ("deviation", "switch"),
    [(each, each.switch) for each in ALL if each.switch],
    ids=lambda each: each.id if isinstance(each, Deviation) else "",
)


# The register


def test_the_register_is_whole() -> None:
    made = [each for each in vars(register).values() if isinstance(each, Deviation)]
    assert made == [*ALL]
    assert len({each.id for each in ALL}) == len(ALL)


@each_deviation
def test_every_deviation_is_some_dialects(deviation: Deviation) -> None:
    assert speakers(deviation)
    assert set(speakers(deviation)) <= set(DIALECTS)


@each_switch
def test_a_setting_stops_what_it_says_it_stops(deviation: Deviation, switch: Switch) -> None:
    assert in_force(deviation, switch.setting, switch.lets)
    assert not in_force(deviation, switch.setting, switch.stops)


def test_who_has_what() -> None:
    assert {each.id: set(speakers(each)) for each in ALL if len(speakers(each)) < 4} == {
        "md5-passwords": {"company"},
        "unknown-length": {"company"},
        "short-passwords": {"fomo", "rental", "creator"},
        "short-session-code": {"company"},
        "get-with-effect": {"rental", "creator"},
        "phone-in-path": {"creator"},
        "password-beside-session": {"rental"},
        "role-from-client": {"creator"},
        "logout-by-id": {"creator"},
        "one-grant-two-powers": {"fomo"},
        "sign-in-after-reset": {"creator"},
        "no-password-change": {"rental"},
        "no-logout": {"fomo"},
        "identity-number-shown": {"company", "rental"},
        "recommender-phone-shown": {"company"},
        "unpaged-lists": {"fomo"},
    }


def test_the_paths_of_a_dialect_tell_its_deviations() -> None:
    rows = {
        name: [(row.method, row.path) for row in dialect.endpoints]
        for name, dialect in DIALECTS.items()
    }
    paths = {name: {path for _, path in found} for name, found in rows.items()}
    in_path = {name for name, found in paths.items() if any("<phone>" in each for each in found)}
    assert in_path == set(speakers(register.PHONE_IN_PATH))
    leaving = {name for name, found in paths.items() if any("logout" in each for each in found)}
    leaving |= {name for name, found in paths.items() if any("loginout" in each for each in found)}
    assert set(DIALECTS) - leaving == set(speakers(register.NO_LOGOUT))


# What contains them


async def test_an_unpaged_list_holds_the_newest_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert invitations.NEWEST_INVITED == 1000
    monkeypatch.setattr(invitations, "NEWEST_INVITED", 2)
    parent, *children = await members(world, 4)
    for child in children:
        assert await child.status(world, "set_invitation", parent_code=parent.code) == 1
        world.advance(seconds=1)
    listed = (await parent.call(world, "get_children"))["data"]
    newest = [str(each.account_id) for each in reversed(children)]
    assert [each["user_id"] for each in listed["children"]] == newest[:2]
    assert listed["count"] == 3


async def test_every_reading_of_an_identity_number_is_recorded(world: World) -> None:
    rental = Rental()
    await rental.register(world, PHONE, PASSWORD)
    session = await rental.sign_in(world, PHONE, PASSWORD)
    assert session
    told = {"real_name": "张三", "id_card": NUMBER}
    await rental.json(world, "/api/profile/auth", told, cookies=session.cookies)
    for _ in range(2):
        read = await rental.get(world, "/api/profile/auth", session.cookies)
        assert read.json()["data"]["id_card"] == NUMBER
    found = await world.sql("SELECT account_id FROM events WHERE kind = 'identity_read'")
    assert [row["account_id"] for row in found] == [session.account_id] * 2


class _Stopped(Clock):
    def instant(self) -> Instant:
        raise ArithmeticError


async def test_neither_logs_nor_metrics_name_a_path_that_holds_a_number(world: World) -> None:
    with structlog.testing.capture_logs() as lines:
        await Creator().get(world, f"/user/loginPhone/{PHONE}")
        apps = {"creator": replace(world.deps("creator"), clock=_Stopped())}
        world.server = Server(replace(world.core, apps={**world.core.apps, **apps}))
        broken = await Creator().get(world, f"/user/registerPhone/{PHONE}")
    assert broken.status == 500
    assert [line["endpoint"] for line in lines] == ["user/registerPhone/<phone>"]
    assert PHONE not in repr(lines)
    shown = (await world.get("/metrics")).body.decode()
    assert 'endpoint="user/loginPhone/<phone>"' in shown
    assert PHONE not in shown
