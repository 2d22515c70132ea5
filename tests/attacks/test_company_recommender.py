"""The recommender of `company`: what naming an account by its id tells, and who may be named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from actors import Company, Session
from attacks.attack import World, answering, attack
from attacks.attempts import scaled, unanimous
from hufu.actions import invitations
from hufu.actions.deps import Deps
from hufu.actions.invitations import record_inviter
from hufu.domain.accounts import Account
from hufu.storage.invitations import Invitations
from hufu.storage.work import Work

OLD_PHONE, PHONE, YOUNG_PHONE = "13390633695", "13800138000", "13900139000"
PASSWORD = "correct horse 1"
COMPANY = Company()


async def member(world: World, phone: str) -> Session:
    await COMPANY.register(world, phone, PASSWORD)
    session = await COMPANY.sign_in(world, phone, PASSWORD)
    assert session is not None
    world.advance(seconds=1)
    return session


async def name(world: World, who: Session, recommender: int) -> Any:
    return await COMPANY.call(world, "regDetail", recommend_user_id=recommender, **who.fields)


async def recommender(world: World, who: Session) -> str:
    """The recommender's phone as the account is shown it."""
    return str((await COMPANY.call(world, "getUserInfo", **who.fields))["recommend_phone"])


def phones_are_shown(patch: pytest.MonkeyPatch) -> None:
    def show(phone: str) -> str:
        return phone

    patch.setattr("hufu.dialects.company.messages.mask_phone", show)


@attack(7, without=phones_are_shown)
async def test_counting_through_the_ids_reads_a_phone(world: World) -> bool:
    """10,000 ids are named as the recommender, and among them is the right one."""
    victim, attacker = await member(world, OLD_PHONE), await member(world, PHONE)
    first = max(1, victim.account_id - scaled(10_000) // 2)
    read, named = "", 0
    for account_id in range(first, first + scaled(10_000) + 1):
        answer = await name(world, attacker, account_id)
        named += answer["code"] == "200"
        read += str(answer)
    shown = await recommender(world, attacker)
    assert (named, shown[-4:]) == (1, OLD_PHONE[-4:])
    return OLD_PHONE in read + shown


def the_last_recommender_counts(patch: pytest.MonkeyPatch) -> None:
    async def record(deps: Deps, work: Work, own: Account, inviter_id: int) -> None:
        forget = "DELETE FROM invitations WHERE account_id = $1"
        await work._connection.execute(forget, own.id)
        await record_inviter(deps, work, own, inviter_id)

    patch.setattr("hufu.actions.details.record_inviter", record)


@attack(7, without=the_last_recommender_counts)
async def test_a_recommender_is_changed(world: World) -> bool:
    """One recommender after the other is named, and each is shown or rewarded."""
    victims = [await member(world, phone) for phone in (OLD_PHONE, PHONE)]
    attacker = await member(world, YOUNG_PHONE)
    assert (await name(world, attacker, victims[0].account_id))["code"] == "200"
    told = await name(world, attacker, victims[1].account_id)
    shown = await recommender(world, attacker)
    return unanimous([told["code"] == "200", shown.endswith(PHONE[-4:])])


def anybody_may_recommend(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invitations, "may_invite", answering(True))


@attack(7, without=anybody_may_recommend)
async def test_a_younger_account_recommends_an_older_one(world: World) -> bool:
    """An account of one's own, made later for the purpose, is named as the recommender."""
    old, young = await member(world, OLD_PHONE), await member(world, YOUNG_PHONE)
    told = await name(world, old, young.account_id)
    return unanimous([told["code"] == "200", await recommender(world, old) != ""])


@attack(7, without=anybody_may_recommend)
async def test_two_accounts_recommend_each_other(world: World) -> bool:
    """Two accounts of one person are each other's recommender."""
    old, young = await member(world, OLD_PHONE), await member(world, YOUNG_PHONE)
    assert (await name(world, young, old.account_id))["code"] == "200"
    await name(world, old, young.account_id)
    return "" not in [await recommender(world, each) for each in (old, young)]


def one_may_recommend_oneself(patch: pytest.MonkeyPatch) -> None:
    """Neither the rule nor the database minds; each would do alone."""
    claim = Invitations.claim

    async def unchecked(self: Invitations, *link: Any) -> bool:
        await self._connection.execute(f"ALTER TABLE invitations DROP CONSTRAINT {CHECK}")
        return await claim(self, *link)

    anybody_may_recommend(patch)
    patch.setattr(Invitations, "claim", unchecked)


CHECK = "invitations_check"


@asynccontextmanager
async def checked_afterwards(world: World) -> AsyncIterator[None]:
    """Put the database's check back, whether it went or not."""
    try:
        yield
    finally:
        await world.sql("DELETE FROM invitations WHERE account_id = inviter_id")
        await world.sql(f"ALTER TABLE invitations DROP CONSTRAINT IF EXISTS {CHECK}")
        condition = "CHECK (account_id <> inviter_id)"
        await world.sql(f"ALTER TABLE invitations ADD CONSTRAINT {CHECK} {condition}")


@attack(7, without=one_may_recommend_oneself)
async def test_an_account_recommends_itself(world: World) -> bool:
    """One's own id is named as the recommender."""
    own = await member(world, PHONE)
    async with checked_afterwards(world):
        told = await name(world, own, own.account_id)
        return unanimous([told["code"] == "200", await recommender(world, own) != ""])
