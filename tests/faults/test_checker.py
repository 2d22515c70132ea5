"""The checker sees whatever is made to be wrong, and nothing where nothing is."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from faults.checker import DAILY_ITEM, Found, Given, Wrong, check
from faults.history import History, Kind, Operation, Outcome

ANNA, ACCOUNT, TOKEN = "13800000001", 7, "ab"
TODAY = date(2026, 1, 1)
REWARD = Given(5, DAILY_ITEM, TODAY, 100)
DONE, UNKNOWN, REFUSED = Outcome.ACKNOWLEDGED, Outcome.UNKNOWN, Outcome.REFUSED


def asked(
    history: History, kind: Kind, outcome: Outcome, asked: str = "", **told: object
) -> Operation:
    operation = history.intend(kind, ANNA, asked)
    operation.told = told
    operation.end(outcome)
    return operation


@dataclass
class Past:
    """Anna registered, signed in, took her reward, wrote and showed; and there it all is."""

    history: History = field(default_factory=History)
    found: Found = field(
        default_factory=lambda: Found(
            owners={ANNA: [ACCOUNT]},
            registered={ACCOUNT: 1},
            letters={ANNA: 1},
            sessions={ACCOUNT: frozenset({TOKEN})},
            awards={ACCOUNT: [REWARD]},
            transfers={ACCOUNT: 1},
            balances={ACCOUNT: 100},
            cities={ACCOUNT: "City 2"},
            pictures={ACCOUNT: "2.png"},
            files=frozenset({"2.png"}),
        )
    )

    def __post_init__(self) -> None:
        asked(self.history, Kind.REGISTER, DONE)
        asked(self.history, Kind.COMPLETE, DONE, account=ACCOUNT)
        asked(self.history, Kind.SIGN_IN, DONE, session=TOKEN)
        asked(self.history, Kind.DAILY, DONE, reward=REWARD.id)
        asked(self.history, Kind.WRITE, DONE, "City 1")
        asked(self.history, Kind.WRITE, DONE, "City 2")
        asked(self.history, Kind.PICTURE, DONE, picture="1.png")
        asked(self.history, Kind.PICTURE, DONE, picture="2.png")

    def is_wrong(self) -> list[Wrong]:
        return [each.wrong for each in check(self.history, self.found)]


def test_nothing_is_wrong_where_all_is_as_it_was_told() -> None:
    assert Past().is_wrong() == []


def repeated(past: Past) -> None:
    """Everything was asked twice, and the first time nobody knows what came of it."""
    told = list(past.history.operations)
    past.history.operations.clear()
    for each in told:
        asked(past.history, each.kind, UNKNOWN, each.asked)
        past.history.operations.append(each)


def test_what_is_unknown_may_have_been_done_or_not() -> None:
    past = Past()
    repeated(past)
    assert past.is_wrong() == []
    past.found = replace(
        past.found, letters={ANNA: 2}, sessions={ACCOUNT: frozenset({TOKEN, "cd"})}
    )
    assert past.is_wrong() == []


def test_what_was_done_unknown_is_honestly_refused() -> None:
    past = Past()
    past.history.operations = [each for each in past.history.operations if each.kind != Kind.DAILY]
    asked(past.history, Kind.DAILY, UNKNOWN)
    asked(past.history, Kind.DAILY, REFUSED).refusal = 202
    assert past.is_wrong() == []


def test_a_picture_that_nobody_knows_of_may_be_the_last() -> None:
    past = Past()
    asked(past.history, Kind.PICTURE, UNKNOWN)
    asked(past.history, Kind.PICTURE, REFUSED)
    assert past.is_wrong() == []
    past.found = replace(past.found, pictures={ACCOUNT: "3.png"}, files=frozenset({"3.png"}))
    assert past.is_wrong() == []


def find(**instead: object) -> Callable[[Past], None]:
    """There is something else in the database."""

    def befall(past: Past) -> None:
        past.found = replace(past.found, **instead)

    return befall


def hear(kind: Kind, outcome: Outcome, **noted: object) -> Callable[[Past], None]:
    """One more operation, which ended so."""

    def befall(past: Past) -> None:
        operation = asked(past.history, kind, outcome)
        for name, value in noted.items():
            setattr(operation, name, value)

    return befall


TWICE = [REWARD, replace(REWARD, id=6)]


@pytest.mark.parametrize(
    ("befall", "wrong"),
    [
        (find(letters={}), Wrong.LOST),
        (find(letters={ANNA: 2}), Wrong.DOUBLED),
        (find(owners={ANNA: [ACCOUNT + 1]}), Wrong.LOST),
        (find(owners={ANNA: [ACCOUNT, 8]}), Wrong.DOUBLED),
        (find(registered={ACCOUNT: 2}), Wrong.DOUBLED),
        (find(registered={}), Wrong.LOST),
        (find(owners={ANNA: [ACCOUNT], "13800000002": [8]}), Wrong.UNASKED),
        (hear(Kind.COMPLETE, DONE, told={"account": 8}), Wrong.DOUBLED),
        (find(sessions={}), Wrong.LOST),
        (find(sessions={ACCOUNT: frozenset({TOKEN, "cd"})}), Wrong.DOUBLED),
        (find(awards={}, transfers={}, balances={}), Wrong.LOST),
        (
            find(awards={ACCOUNT: TWICE}, transfers={ACCOUNT: 2}, balances={ACCOUNT: 200}),
            Wrong.DOUBLED,
        ),
        (hear(Kind.DAILY, DONE, told={"reward": REWARD.id}), Wrong.DOUBLED),
        (find(cities={ACCOUNT: "City 1"}), Wrong.LOST),
        (find(pictures={ACCOUNT: "1.png"}, files=frozenset({"1.png"})), Wrong.LOST),
        (find(pictures={}), Wrong.LOST),
        (find(files=frozenset()), Wrong.LOST),
        (find(balances={ACCOUNT: 99}), Wrong.LEDGER),
        (find(transfers={}), Wrong.LEDGER),
        (find(ledger="transfer 1: the hash is not right"), Wrong.LEDGER),
        (find(unbalanced=[1]), Wrong.LEDGER),
        (hear(Kind.WRITE, Outcome.UNKNOWN), Wrong.UNSETTLED),
        (hear(Kind.DAILY, Outcome.INTENDED), Wrong.UNSETTLED),
        (hear(Kind.SIGN_IN, Outcome.REFUSED, refusal=12), Wrong.REFUSED),
        (hear(Kind.REGISTER, Outcome.REFUSED, refusal=13), Wrong.REFUSED),
        (hear(Kind.COMPLETE, Outcome.REFUSED, refusal=0), Wrong.REFUSED),
        (hear(Kind.CHECK, DONE, status=500), Wrong.BROKEN),
        (hear(Kind.CHECK, DONE, status=503), Wrong.BROKEN),
    ],
)
def test_it_sees_what_is_wrong(befall: Callable[[Past], None], wrong: Wrong) -> None:
    past = Past()
    befall(past)
    assert wrong in past.is_wrong()


def test_an_award_that_nobody_asked_for_is_seen() -> None:
    past = Past()
    past.history.operations = [each for each in past.history.operations if each.kind != Kind.DAILY]
    asked(past.history, Kind.DAILY, Outcome.UNSENT)
    asked(past.history, Kind.DAILY, Outcome.REFUSED).refusal = 202
    assert Wrong.UNASKED in past.is_wrong()


def test_a_picture_that_nobody_showed_is_seen() -> None:
    past = Past()
    past.history.operations = [
        each for each in past.history.operations if each.kind != Kind.PICTURE
    ]
    asked(past.history, Kind.PICTURE, Outcome.UNSENT)
    asked(past.history, Kind.PICTURE, Outcome.REFUSED)
    assert Wrong.UNASKED in past.is_wrong()
