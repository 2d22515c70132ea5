"""Compares what clients were told with what there is: nothing lost, nothing twice, all settled."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from faults.history import MAYBE, History, Kind, Operation, Outcome

TAKEN_TODAY = 202
TAKEN = frozenset({15, 16})
TOO_SOON = 0
"""A second message to the same number within a minute."""

OUTDATED = frozenset({105, 106, 107})
"""What a code or its references may be where a later request for a code was given up on."""

DAILY_ITEM = "sign_in"


class Wrong(StrEnum):
    """What can be wrong."""

    LOST = "lost"
    DOUBLED = "doubled"
    UNASKED = "unasked"
    UNSETTLED = "unsettled"
    REFUSED = "refused without cause"
    LEDGER = "ledger"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and what of."""

    wrong: Wrong
    kind: Kind | None
    what: str

    def __str__(self) -> str:
        return f"{self.wrong}: {self.kind or 'all'}: {self.what}"


@dataclass(frozen=True, slots=True)
class Given:
    """An award as it is kept."""

    id: int
    item: str
    day: date
    amount: int


@dataclass(frozen=True)
class Found:
    """What there is in the database, by account id where nothing else is said.

    `owners` are the accounts of a subject; `letters` were ever put into the outbox for one;
    `sessions` are hashes of tokens; `transfers` counts what was posted for awards; `ledger` is what
    the audit says is wrong; `unbalanced` are the coins that do not sum up to nothing; `pictures`
    are those that profiles name, `files` those that are on the disk, whole.
    """

    owners: Mapping[str, Sequence[int]] = field(default_factory=dict)
    registered: Mapping[int, int] = field(default_factory=dict)
    letters: Mapping[str, int] = field(default_factory=dict)
    sessions: Mapping[int, frozenset[str]] = field(default_factory=dict)
    awards: Mapping[int, Sequence[Given]] = field(default_factory=dict)
    transfers: Mapping[int, int] = field(default_factory=dict)
    balances: Mapping[int, int] = field(default_factory=dict)
    cities: Mapping[int, str | None] = field(default_factory=dict)
    ledger: str | None = None
    unbalanced: Sequence[int] = ()
    pictures: Mapping[int, str | None] = field(default_factory=dict)
    files: frozenset[str] = frozenset()


def check(history: History, found: Found) -> list[Finding]:
    """Everything that is wrong; what is in the database of others is not looked at."""
    return [
        *_settled(history),
        *_answers(history),
        *_letters(history, found),
        *_accounts(history, found),
        *_completions(history, found),
        *_sessions(history, found),
        *_daily(history, found),
        *_writes(history, found),
        *_pictures(history, found),
        *_ledger(found),
    ]


def _acknowledged(operations: Sequence[Operation]) -> list[Operation]:
    return [each for each in operations if each.outcome is Outcome.ACKNOWLEDGED]


def _bounds(operations: Sequence[Operation]) -> tuple[int, int]:
    """How many happened at least and at most."""
    least = len(_acknowledged(operations))
    return least, least + sum(each.outcome in MAYBE for each in operations)


def _settled(history: History) -> Iterator[Finding]:
    """After each unknown, the same was asked until it was done or honestly refused."""
    for kind in Kind:
        for subject, operations in history.by_subject(kind).items():
            last = operations[-1]
            if last.outcome not in {Outcome.ACKNOWLEDGED, Outcome.REFUSED}:
                yield Finding(Wrong.UNSETTLED, kind, f"{subject} ends {last.outcome}")


def _answers(history: History) -> Iterator[Finding]:
    """A server that cannot do it says so, and when to come again; it never says it is broken."""
    for each in history.operations:
        if each.status >= 500 and each.status != 503:
            yield Finding(Wrong.BROKEN, each.kind, f"answered {each.status}")
        if each.status == 503 and not each.retry_after:
            yield Finding(Wrong.BROKEN, each.kind, "503 without Retry-After")


def _letters(history: History, found: Found) -> Iterator[Finding]:
    for subject, operations in history.by_subject(Kind.REGISTER).items():
        least, most = _bounds(operations)
        there = found.letters.get(subject, 0)
        if there < least:
            yield Finding(Wrong.LOST, Kind.REGISTER, f"{subject}: {there} letters of {least}")
        if there > most:
            yield Finding(Wrong.DOUBLED, Kind.REGISTER, f"{subject}: {there} letters, {most} asked")
        for each in operations:
            honest = each.refusal in TAKEN or (each.refusal == TOO_SOON and there)
            if each.outcome is Outcome.REFUSED and not honest:
                yield Finding(Wrong.REFUSED, Kind.REGISTER, f"{subject}: {each.refusal}")


def _accounts(history: History, found: Found) -> Iterator[Finding]:
    kind = Kind.COMPLETE
    asked = history.by_subject(kind)
    for subject, operations in asked.items():
        owners = found.owners.get(subject, ())
        told = {int(each.told["account"]) for each in _acknowledged(operations)}
        for account in told.difference(owners):
            yield Finding(Wrong.LOST, kind, f"{subject}: account {account}")
        if len(told) > 1 or len(owners) > 1:
            yield Finding(Wrong.DOUBLED, kind, f"{subject}: {sorted({*told, *owners})}")
        if owners and not _bounds(operations)[1]:
            yield Finding(Wrong.UNASKED, kind, f"{subject}: {list(owners)}")
        for account in owners:
            if (times := found.registered.get(account, 0)) != 1:
                wrong = Wrong.DOUBLED if times else Wrong.LOST
                yield Finding(wrong, kind, f"{subject}: registered {times} times")
    for subject, owners in found.owners.items():
        if owners and subject not in asked:
            yield Finding(Wrong.UNASKED, kind, f"{subject}: {list(owners)}")


def _completions(history: History, found: Found) -> Iterator[Finding]:
    """A code may be shown five times, whatever for; where it made an account, it is spent."""
    begun = history.by_subject(Kind.REGISTER)
    for subject, operations in history.by_subject(Kind.COMPLETE).items():
        doubtful = any(each.outcome in MAYBE for each in begun.get(subject, ()))
        spent = bool(found.owners.get(subject))
        for each in operations:
            outdated = (doubtful or spent) and each.refusal in OUTDATED
            if each.outcome is Outcome.REFUSED and not outdated:
                yield Finding(Wrong.REFUSED, Kind.COMPLETE, f"{subject}: {each.refusal}")


def _owner(found: Found, subject: str) -> int:
    owners = found.owners.get(subject, ())
    return owners[0] if owners else 0


def _sessions(history: History, found: Found) -> Iterator[Finding]:
    kind = Kind.SIGN_IN
    for subject, operations in history.by_subject(kind).items():
        least, most = _bounds(operations)
        there = found.sessions.get(_owner(found, subject), frozenset())
        told = {str(each.told["session"]) for each in _acknowledged(operations)}
        if lost := told - there:
            yield Finding(Wrong.LOST, kind, f"{subject}: {len(lost)} of {least} sessions")
        if len(there) > most:
            yield Finding(Wrong.DOUBLED, kind, f"{subject}: {len(there)} sessions, {most} asked")
        for each in operations:
            if each.outcome is Outcome.REFUSED:
                yield Finding(Wrong.REFUSED, kind, f"{subject}: {each.refusal}")


def _daily(history: History, found: Found) -> Iterator[Finding]:
    kind = Kind.DAILY
    for subject, operations in history.by_subject(kind).items():
        given = found.awards.get(_owner(found, subject), ())
        daily = [each for each in given if each.item == DAILY_ITEM]
        told = [int(each.told["reward"]) for each in _acknowledged(operations)]
        if lost := {*told} - {each.id for each in daily}:
            yield Finding(Wrong.LOST, kind, f"{subject}: {len(lost)} of {len(told)} awards")
        days = Counter(each.day for each in daily)
        if len(told) > len({*told}) or any(times > 1 for times in days.values()):
            yield Finding(Wrong.DOUBLED, kind, f"{subject}: {len(daily)} awards, {len(days)} days")
        if daily and not _bounds(operations)[1]:
            yield Finding(Wrong.UNASKED, kind, f"{subject}: {len(daily)} awards")
        for each in operations:
            honest = each.refusal == TAKEN_TODAY and daily
            if each.outcome is Outcome.REFUSED and not honest:
                yield Finding(Wrong.REFUSED, kind, f"{subject}: {each.refusal}")


def _writes(history: History, found: Found) -> Iterator[Finding]:
    """Each subject has one writer, who goes on after an acknowledgement only."""
    kind = Kind.WRITE
    for subject, operations in history.by_subject(kind).items():
        possible: set[str] = set()
        for each in operations:
            if each.outcome is Outcome.ACKNOWLEDGED:
                possible = {each.asked}
            elif each.outcome in MAYBE:
                possible.add(each.asked)
        owner = _owner(found, subject)
        if _acknowledged(operations) and found.cities.get(owner) not in possible:
            yield Finding(Wrong.LOST, kind, f"{subject}: not as it was last written")


def _pictures(history: History, found: Found) -> Iterator[Finding]:
    """The profile names the picture that was last acknowledged, or one that was shown after it and
    that nobody knows of; and its file is there."""
    kind = Kind.PICTURE
    for subject, operations in history.by_subject(kind).items():
        newest, doubtful = None, False
        for each in operations:
            if each.outcome is Outcome.ACKNOWLEDGED:
                newest, doubtful = str(each.told["picture"]), False
            elif each.outcome in MAYBE:
                doubtful = True
        named = found.pictures.get(_owner(found, subject))
        if newest and named != newest and not (named and doubtful):
            yield Finding(Wrong.LOST, kind, f"{subject}: not the picture that was last shown")
        if named and named not in found.files:
            yield Finding(Wrong.LOST, kind, f"{subject}: its file is not there, or not whole")
        if named and not newest and not doubtful:
            yield Finding(Wrong.UNASKED, kind, f"{subject}: a picture")


def _ledger(found: Found) -> Iterator[Finding]:
    if found.ledger is not None:
        yield Finding(Wrong.LEDGER, None, found.ledger)
    for coin in found.unbalanced:
        yield Finding(Wrong.LEDGER, None, f"coin {coin} does not sum up to nothing")
    for account in {*found.awards, *found.balances, *found.transfers}:
        given = found.awards.get(account, ())
        if sum(each.amount for each in given) != found.balances.get(account, 0):
            yield Finding(Wrong.LEDGER, None, f"account {account}: awards are not its balance")
        if len(given) != found.transfers.get(account, 0):
            yield Finding(Wrong.LEDGER, None, f"account {account}: awards are not its transfers")
