"""Giving rewards, showing them, and the rules by which they are given."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from hufu.actions.deps import Deps
from hufu.actions.ledger import post
from hufu.domain.accounts import AccountState
from hufu.domain.errors import (
    AccountBarred,
    AccountUnknown,
    RewardTaken,
    RewardUnknown,
)
from hufu.domain.events import EventKind
from hufu.domain.permissions import Caller
from hufu.domain.rewards import NO_TARGET, Award, Deed, RewardType, Rule, reward_day
from hufu.services import randomness
from hufu.storage.rewards import Unclaimed
from hufu.storage.work import Work

LATE = timedelta(days=7)
"""How long after it happened an event may still be told."""

AHEAD = timedelta(minutes=5)
"""How far the clock of an app's backend may be ahead."""


@dataclass(frozen=True, slots=True)
class Due:
    """What somebody did, and what with."""

    account_id: int
    deed: Deed
    target: str = NO_TARGET


async def reward(deps: Deps, work: Work, *dues: Due) -> list[Award]:
    """Give what the app gives for these deeds, in the caller's transaction; less than asked for
    where a rule says no. The last thing that a transaction does before it commits."""
    awards = []
    now = deps.now()
    for due in dues:
        if (item := deps.app.reward_items.get(due.deed)) is None:
            continue
        rule = await work.reward_rules.find(deps.app.name, item, now)
        if rule is None or not rule.in_force(now):
            continue
        award = _award(deps, rule, due.account_id, due.target, now, now)
        if claimed := await _claim(work, award, rule):
            awards.append(claimed)
    if awards:
        await post(work, [award.transfer() for award in awards], now)
    return awards


def _award(
    deps: Deps, rule: Rule, account_id: int, target: str, happened: datetime, now: datetime
) -> Award:
    day = reward_day(happened, deps.app.reward_zone)
    return Award(
        account_id=account_id,
        id=randomness.number31(),
        app=deps.app.name,
        item=rule.item,
        type=rule.type,
        amount=rule.amount,
        coin_id=rule.coin_id,
        target=target,
        day=day,
        at=now,
        once=rule.once_key(target, day),
    )


async def _claim(work: Work, award: Award, rule: Rule) -> Award | None:
    """The award as it was given, or None where the rule has none left."""
    while (claimed := await work.awards.claim(award, rule.per_day)) is Unclaimed.OUTRUN:
        if award.key and await work.awards.find_by_key(award.app, award.key):
            return None
        award = replace(award, id=randomness.number31())
    return claimed if isinstance(claimed, Award) else None


@dataclass(frozen=True, slots=True)
class SignInForToday:
    """I was here today."""


async def sign_in_for_today(deps: Deps, caller: Caller, _: SignInForToday) -> Award:
    """Give the day's reward. Raises RewardTaken."""
    async with deps.begin() as work:
        awards = await reward(deps, work, Due(caller.account_id, Deed.SIGNED_IN_TODAY))
        if not awards:
            raise RewardTaken
        await work.commit()
    return awards[0]


@dataclass(frozen=True, slots=True)
class ReadAwards:
    """Show me what I was given: for being new, or today."""

    type: RewardType


async def read_awards(deps: Deps, caller: Caller, cmd: ReadAwards) -> list[Award]:
    """The caller's awards in the app, oldest first."""
    async with deps.look() as work:
        if cmd.type is RewardType.NEWBIE:
            return await work.awards.of_newbie(caller.account_id, deps.app.name)
        today = reward_day(deps.now(), deps.app.reward_zone)
        return await work.awards.of_day(caller.account_id, deps.app.name, today)


# What the app's own backend saw


@dataclass(frozen=True, slots=True)
class RewardEvent:
    """Somebody did something outside this server. `key` makes a repetition harmless; `at` is when
    it happened, by default now."""

    key: str = field(repr=False)
    account_id: int
    item: str
    target: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class EventRewarded:
    """The award for an event; `again` where the event had been told before."""

    award: Award
    again: bool


class EventMistold(Exception):
    """The event's key was used for another event, its time cannot be, or its item is one that this
    server gives by itself. The text says which."""


async def reward_event(deps: Deps, cmd: RewardEvent) -> EventRewarded:
    """Give the reward for an event, once for each key. A refusal is not remembered.

    Raises AccountUnknown, AccountBarred, RewardUnknown, RewardTaken, EventMistold.
    """
    async with deps.begin() as work:
        now = deps.now()
        if known := await work.awards.find_by_key(deps.app.name, cmd.key):
            return _again(deps, cmd, known)
        await _admit(deps, work, cmd)
        happened = _happened(cmd, now)
        rule = await work.reward_rules.find(deps.app.name, cmd.item, happened)
        if rule is None or not rule.in_force(happened):
            raise RewardUnknown
        award = _award(deps, rule, cmd.account_id, cmd.target, happened, now)
        claimed = await _claim(work, replace(award, key=cmd.key), rule)
        if claimed is None:
            if known := await work.awards.find_by_key(deps.app.name, cmd.key):
                return _again(deps, cmd, known)
            raise RewardTaken
        await post(work, [claimed.transfer()], now)
        await work.commit()
    return EventRewarded(claimed, again=False)


async def _admit(deps: Deps, work: Work, cmd: RewardEvent) -> None:
    account = await work.accounts.find(cmd.account_id, deps.app.pool)
    if account is None or account.state is AccountState.CLOSED:
        raise AccountUnknown
    if account.state is AccountState.BARRED:
        raise AccountBarred
    if cmd.item in deps.app.reward_items.values():
        raise EventMistold("the server gives this item by itself")


def _happened(cmd: RewardEvent, now: datetime) -> datetime:
    happened = cmd.at or now
    if not now - LATE <= happened <= now + AHEAD:
        raise EventMistold(f"at must lie within the last {LATE.days} days")
    return min(happened, now)


def _again(deps: Deps, cmd: RewardEvent, known: Award) -> EventRewarded:
    same = (known.account_id, known.item, known.target) == (cmd.account_id, cmd.item, cmd.target)
    same_day = cmd.at is None or _day_told(deps, cmd.at, known) == known.day
    if not same or not same_day:
        raise EventMistold("the idempotency key was used for another event")
    return EventRewarded(known, again=True)


def _day_told(deps: Deps, at: datetime, known: Award) -> date:
    """The day that the event is of; what a backend's clock was ahead does not count."""
    ahead = known.at < at <= known.at + AHEAD
    return reward_day(known.at if ahead else at, deps.app.reward_zone)


# What an operator does


class RuleRefused(Exception):
    """The rule cannot be set; the text says why."""


async def read_rules(deps: Deps) -> list[Rule]:
    """For every app and item the rule that holds now, and those that are to come."""
    async with deps.look() as work:
        return await work.reward_rules.all(deps.now())


async def find_rule(deps: Deps, app: str, item: str) -> Rule | None:
    """The rule that holds for the item in the app now, enabled or not."""
    async with deps.look() as work:
        return await work.reward_rules.find(app, item, deps.now())


async def set_rule(deps: Deps, rule: Rule) -> None:
    """Let the rule hold from its own beginning on, which may not be in the past: what was given
    stays as it was. Raises RuleRefused."""
    async with deps.begin() as work:
        now = deps.now()
        rule = replace(rule, active_from=max(rule.active_from, now))
        if rule.active_to is not None and rule.active_to <= rule.active_from:
            raise RuleRefused("it would end before it begins")
        if rule.coin_id not in await work.ledger.coins():
            raise RuleRefused(f"there is no coin {rule.coin_id}")
        await work.reward_rules.add(rule)
        await work.events.add(
            EventKind.RULE_SET,
            now,
            app=rule.app or None,
            item=rule.item,
            type=rule.type,
            amount=rule.amount,
            coin=rule.coin_id,
            once=rule.once or "",
            per_day=rule.per_day or 0,
            enabled=int(rule.enabled),
            active_from=rule.active_from.isoformat(),
            active_to=rule.active_to.isoformat() if rule.active_to else "",
        )
        await work.commit()
