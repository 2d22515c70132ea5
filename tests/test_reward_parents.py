"""An inviter is rewarded for a child that can be reached, once, whenever that comes true."""

import pytest

from actors import Creator, Fomo
from front_door import World
from rewarding import TEN, Member, audited, awards_of, balance, member, open_session

PASSWORD = "correct horse 1"
PHONE, EMAIL, OTHER_PHONE = "13390633695", "anna@example.com", "18736008450"
KINDS = [("phone", PHONE), ("email", EMAIL)]


async def unreachable(world: World, name: str = "anna_smith") -> Member:
    """Somebody registered where no code is needed, with a session that the app has opened."""
    await Creator().register(world, name, PASSWORD)
    session = await Creator().sign_in(world, name, PASSWORD)
    assert session is not None
    return await renewed(world, Member(session.account_id, "", ""))


async def renewed(world: World, who: Member) -> Member:
    """The same person, signed in just now."""
    deps = world.deps("fomo")
    async with deps.begin() as work:
        key = await open_session(work, who.account_id, "fomo", deps.now())
        await work.commit()
    return Member(who.account_id, key, "")


async def bind(world: World, who: Member, kind: str, value: str) -> None:
    begun = await who.call(world, f"bind_{kind}", **{kind: value})
    fields = {
        "verify_code": await world.code(value),
        "verify_id": begun["data"]["verify_id"],
    }
    assert await who.status(world, "bind_completed", **fields) == 1


async def unbind(world: World, who: Member, kind: str, value: str) -> None:
    begun = await who.call(world, f"unbind_{kind}")
    fields = {
        "verify_code": await world.code(value),
        "verify_id": begun["data"]["verify_id"],
    }
    assert await who.status(world, "unbind_completed", **fields) == 1


async def invited(world: World, parent: Member) -> list[str]:
    """The children for whom the parent was rewarded."""
    given = await awards_of(world, [parent.account_id])
    assert {item for _, item, _ in given} <= {"invite"}
    assert await balance(world, parent.account_id) == TEN * len(given)
    return [target for _, _, target in given]


@pytest.mark.parametrize("name", ["anna_smith", "anna.smith@example.com"])
@pytest.mark.parametrize(("kind", "value"), KINDS)
async def test_a_parent_is_rewarded_when_its_child_binds_something(
    world: World, name: str, kind: str, value: str
) -> None:
    """Also where the child has an address that it never proved to be its own."""
    parent = await member(world)
    child = await unreachable(world, name)
    assert await child.status(world, "set_invitation", parent_code=parent.code) == 1
    assert await child.awards(world) == [("set_invitation", "0")]
    assert await invited(world, parent) == []
    await bind(world, child, kind, value)
    assert await invited(world, parent) == [str(child.account_id)]
    assert sorted(await child.awards(world)) == [(f"bind_{kind}", "0"), ("set_invitation", "0")]
    await audited(world)


async def test_a_second_identifier_earns_the_parent_nothing(world: World) -> None:
    parent, child = await member(world), await unreachable(world)
    assert await child.status(world, "set_invitation", parent_code=parent.code) == 1
    for kind, value in KINDS:
        await bind(world, child, kind, value)
    await unbind(world, child, "phone", PHONE)
    await bind(world, child, "phone", OTHER_PHONE)
    assert await invited(world, parent) == [str(child.account_id)]
    assert sorted(await child.awards(world)) == [
        ("bind_email", "0"),
        ("bind_phone", "0"),
        ("set_invitation", "0"),
    ]
    await audited(world)


@pytest.mark.parametrize(("kind", "value"), KINDS)
async def test_a_child_that_can_be_reached_already_earns_it_at_once(
    world: World, kind: str, value: str
) -> None:
    parent, child = await member(world), await unreachable(world)
    await bind(world, child, kind, value)
    assert await invited(world, parent) == []
    assert await child.status(world, "set_invitation", parent_code=parent.code) == 1
    assert await invited(world, parent) == [str(child.account_id)]
    await audited(world)


async def test_a_child_without_a_parent_earns_nobody_anything(world: World) -> None:
    await member(world)
    child = await unreachable(world)
    await bind(world, child, *KINDS[0])
    rows = await world.sql("SELECT item FROM awards")
    assert [row["item"] for row in rows] == ["bind_phone"]


async def test_it_comes_true_on_a_later_day_too(world: World) -> None:
    """The reward is one of the day on which it was given."""
    parent, child = await member(world), await unreachable(world)
    assert await child.status(world, "set_invitation", parent_code=parent.code) == 1
    world.advance(days=5)
    await bind(world, await renewed(world, child), *KINDS[1])
    assert await parent.awards(world, "get_today_award") == [("invite", str(child.account_id))]
    world.advance(days=1)
    assert await parent.awards(world, "get_today_award") == []


async def test_a_wrong_code_earns_nobody_anything(world: World) -> None:
    parent, child = await member(world), await unreachable(world)
    assert await child.status(world, "set_invitation", parent_code=parent.code) == 1
    begun = await child.call(world, "bind_phone", phone=PHONE)
    wrong = "000000" if await world.code(PHONE) != "000000" else "111111"
    fields = {"verify_code": wrong, "verify_id": begun["data"]["verify_id"]}
    assert await child.status(world, "bind_completed", **fields) == 105
    assert await invited(world, parent) == []


async def test_somebody_who_registered_with_a_code_earns_it_at_once(world: World) -> None:
    parent = await member(world)
    await Fomo().register(world, PHONE, PASSWORD)
    session = await Fomo().sign_in(world, PHONE, PASSWORD)
    assert session is not None
    child = Member(session.account_id, session.fields["session_key"], "")
    assert await child.status(world, "set_invitation", parent_code=parent.code) == 1
    assert await child.status(world, "set_invitation", parent_code=parent.code) == 103
    assert await invited(world, parent) == [str(child.account_id)]
