"""Rewards, invitations, words and the ledger through the front door, against a plain model."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hufu.actions.ledger import reverse_transfer
from hufu.actions.rewards import set_rule
from hufu.actions.words import WordRefused, add_word, close_word
from hufu.domain.ledger import UNITS, Irreversible, Overdrawn, TransferRepeated, format_amount
from reward_model import DEFAULTS, Word
from reward_surface import PEOPLE, STEPS, Step, Surface, staged, step, written
from rewarding import tell

LISTS = {"newbee": "get_newbee_award", "daily": "get_today_award"}
RUNS = int(os.environ.get("HUFU_MACHINE_RUNS", "30"))
LENGTH = 100
WORDS = ("sesame", "芝麻")

someone = st.integers(0, PEOPLE - 1)
groups = st.integers(0, 5)
ago = st.sampled_from([None, None, None, None, None, 0, 1, 20, 167, 169, -1])
words = st.sampled_from([*WORDS, "SESAME", "nobody"])


class Rewards(Surface):
    """What people, their app's backend and its operator do."""

    # Rewards

    @step(who=someone)
    async def sign_in_today(self, who: int) -> None:
        one = self.people[who]
        answer = await one.call(self.world, "sign_in_today")
        given = self.model.give(one.account_id, "sign_in")
        assert answer["status"] == (1 if given else 202)

    @step(who=someone, name=st.sampled_from(["set_info", "set_fomo_id", "nothing"]))
    async def newcomers_deed(self, who: int, name: str) -> None:
        one = self.people[who]
        sent = {
            "set_info": {"city": "上海"},
            "set_fomo_id": {"fomo_id": f"run_{self.run_id}_{who}"},
            "nothing": {},
        }[name]
        call = "set_info" if name == "nothing" else name
        assert await one.status(self.world, call, **sent) == 1
        if name != "nothing":
            self.model.give(one.account_id, name)

    @step(who=st.integers(0, 1), group=groups, hours=ago)
    async def join_a_group(self, who: int, group: int, hours: int | None) -> None:
        key = f"{self.run_id}-{len(self.events)}"
        self.events.append((key, who, group, hours))
        await self.tell(key, who, group, hours)

    @step(which=st.integers(0, 100), who=someone, group=groups, hours=ago, other=st.booleans())
    async def tell_it_again(
        self, which: int, who: int, group: int, hours: int | None, other: bool
    ) -> None:
        """The same event, or another one under its key."""
        if not self.events:
            return
        key, *first = self.events[which % len(self.events)]
        await self.tell(key, *([who, group, hours] if other else first))

    async def tell(self, key: str, who: int, group: int, hours: int | None) -> None:
        one = self.people[who]
        at = None if hours is None else self.model.now - timedelta(hours=hours)
        more = {"at": at.isoformat()} if at else {}
        answer = await tell(
            self.world, self.stage.secret, key, one.account_id, target_id=group, **more
        )
        status, award = self.model.tell(key, one.account_id, str(group), at)
        assert answer.status == status, answer.body
        if award is not None:
            body = answer.json()
            assert (body["user_id"], body["target_id"]) == (award.account, award.target)
            assert body["amount"] == format_amount(award.amount)
            assert body["day"] == award.day.isoformat()
            assert body["reversed"] == self.model.taken_back(award.transfer)

    @step(who=someone, kind=st.sampled_from(["newbee", "daily"]))
    async def awards(self, who: int, kind: str) -> None:
        one = self.people[who]
        rows = (await one.call(self.world, LISTS[kind]))["data"]["award_logs"]
        shown = [
            (
                row["award_item"],
                row["target_id"],
                row["amount"],
                row["status"] == "1",
            )
            for row in rows
        ]
        expected = self.model.listed(one.account_id, kind)
        assert sorted(shown) == sorted(
            (item, target, format_amount(amount), stands)
            for item, target, amount, stands in expected
        )

    @step(
        item=st.sampled_from([*DEFAULTS, "join_group", "invite"]),
        amount=st.sampled_from([1, 33_333, 200_000]),
        per_day=st.sampled_from([1, 2, 3]),
        enabled=st.sampled_from([True, True, False]),
    )
    async def change_rule(self, item: str, amount: int, per_day: int, enabled: bool) -> None:
        old = self.model.rule(item, self.model.now)
        new = replace(
            old,
            amount=amount,
            per_day=old.per_day and per_day,
            enabled=enabled,
            since=self.model.now,
        )
        await set_rule(self.deps, written(item, new, new.since))
        self.model.rules[item].append(new)

    # Invitations

    @step(child=someone, parent=someone)
    async def name_somebody(self, child: int, parent: int) -> None:
        await self.name(child, parent)

    @step(child=someone, parent=st.none() | someone)
    async def name_anybody_or_nobody(self, child: int, parent: int | None) -> None:
        await self.name(child, parent)

    async def name(self, child: int, parent: int | None) -> None:
        one = self.people[child]
        code = "WRONG" if parent is None else self.people[parent].code
        status = await one.status(self.world, "set_invitation", parent_code=code)
        assert status == self.model.invite(child, parent)
        if status == 1:
            self.model.give(one.account_id, "set_invitation")
            self.invited(child)

    def invited(self, child: int) -> None:
        """Give the child's parent what there is for it."""
        if child in self.model.inviters and child in self.model.reachable:
            parent = self.people[self.model.inviters[child]].account_id
            self.model.give(parent, "invite", str(self.people[child].account_id))

    @step(who=someone)
    async def bind_an_address(self, who: int) -> None:
        one = await self.renew(who)
        address = f"run-{self.run_id}-{who}@example.com"
        begun = await one.call(self.world, "bind_email", email=address)
        assert begun["status"] == (108 if who in self.bound else 1)
        if who in self.bound:
            return
        self.bound.add(who)
        code = await self.world.code(address)
        fields = {"verify_code": code, "verify_id": begun["data"]["verify_id"]}
        assert await one.status(self.world, "bind_completed", **fields) == 1
        self.model.give(one.account_id, "bind_email")
        self.model.reachable.add(who)
        self.invited(who)

    # Words

    @step(
        text=st.sampled_from(WORDS),
        amount=st.integers(5, 10 * UNITS),
        shares=st.integers(1, 3),
        hours=st.integers(1, 30),
    )
    async def new_word(self, text: str, amount: int, shares: int, hours: int) -> None:
        text += str(self.run_id)
        expires = self.model.now + timedelta(hours=hours)
        try:
            made = await add_word(self.deps, text, 1, amount, shares, expires)
        except WordRefused:
            assert not self.model.may_add(text)
            return
        assert self.model.may_add(text)
        rows = await self.sql.fetch(
            "SELECT amount FROM word_shares WHERE word_id = $1 ORDER BY place", made.id
        )
        divided = [row["amount"] for row in rows]
        assert (sum(divided), len(divided), min(divided) > 0) == (amount, shares, True)
        self.model.add(text, Word(made.id, amount, divided, expires))

    @step(text=words)
    async def end_word(self, text: str) -> None:
        text += str(self.run_id)
        try:
            left = await close_word(self.deps, text)
        except WordRefused:
            assert self.model.close(text) is None
            return
        assert left == self.model.close(text)

    @step(who=someone, text=st.sampled_from(WORDS))
    async def say_a_word(self, who: int, text: str) -> None:
        await self.say(who, text)

    @step(who=someone, text=words)
    async def say_anything(self, who: int, text: str) -> None:
        await self.say(who, text)

    async def say(self, who: int, text: str) -> None:
        text += str(self.run_id)
        one = self.people[who]
        answer = await one.call(self.world, "submit_word", word=text)
        status, amount = self.model.submit(one.account_id, text)
        assert answer["status"] == status
        if status == 1:
            word = self.model.words[text.casefold()]
            assert round(answer["data"]["award_value"] * UNITS) == amount
            info = answer["data"]["word_info"]
            taken = word.shares[: len(word.takers)]
            assert info["used_count"] == str(len(taken))
            assert info["used_amount"] == format_amount(sum(taken))
            assert info["amount"] == format_amount(word.amount)
            assert info["status"] == ("0" if word.used_up else "1")

    # The ledger, reservations and time

    @step(place=st.integers(-2, 300))
    async def reverse(self, place: int) -> None:
        if not self.ids:
            return
        chosen = place % len(self.ids)
        try:
            await reverse_transfer(self.deps, self.ids[chosen], "a mistake")
            done = "done"
        except TransferRepeated:
            done = "repeated"
        except Irreversible:
            done = "irreversible"
        except Overdrawn:
            done = "overdrawn"
        assert done == self.model.reverse(chosen)

    @step(who=someone)
    async def subscribe_libra(self, who: int) -> None:
        answer = await self.people[who].call(self.world, "subscribe_libra")
        self.model.reserved.add(who)
        assert answer["data"] == {"num": self.reserved + len(self.model.reserved)}
        told = await self.world.form("/fomo/customer/subscribe_counts", {})
        assert told.json()["data"] == {"num": self.reserved + len(self.model.reserved)}

    @step(hours=st.integers(1, 10))
    async def wait(self, hours: int) -> None:
        self.model.now += timedelta(hours=hours)
        self.clock.set(self.model.now)


@pytest.mark.timeout(600 + 5 * RUNS)  # A run that fails is made smaller, which takes time.
def test_the_surface_does_what_the_model_does(empty_database: str, tmp_path: Path) -> None:
    plans = st.lists(st.none() | st.one_of(STEPS), min_size=LENGTH // 2, max_size=LENGTH)
    with staged(empty_database, tmp_path) as stage:

        @settings(max_examples=RUNS, deadline=None)
        @given(plans)
        def run(plan: list[Step | None]) -> None:
            surface = Rewards(stage)
            stage.run(surface.play(plan))

        run()
