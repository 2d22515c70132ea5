"""What rewards, invitations, words and the ledger should do, in plain Python and one at a time."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

from hufu.domain.ledger import ISSUER, Holder, HolderKind, pot, user

DAY = timedelta(days=1)
ZONE = timezone(timedelta(hours=8))  # Asia/Shanghai has had no daylight saving since 1991.
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
START = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
CODE_GUESSES = 2
WORD_GUESSES = 3

Moved = tuple[str, tuple[tuple[Holder, int], ...]]
"""The kind of a transfer and its postings, all of one coin."""


@dataclass(frozen=True)
class Given:
    """What an item is worth, and how often."""

    amount: int = 100_000
    per_day: int | None = None
    once: str | None = "ever"
    type: str = "newbee"
    enabled: bool = True
    since: datetime = ALWAYS


DEFAULTS = {
    **{item: Given() for item in ("set_fomo_id", "set_info", "set_invitation", "bind_email")},
    "sign_in": Given(per_day=1, once=None, type="daily"),
    "join_group": Given(per_day=3, once="target and day", type="daily"),
    "invite": Given(per_day=50, once="target", type="daily"),
}


@dataclass
class Award:
    """What somebody was given; `transfer` is its place in the ledger."""

    account: int
    item: str
    target: str
    day: date
    type: str
    amount: int
    transfer: int


@dataclass
class Word:
    """A pot; `left` are its shares in the order in which they are to be taken."""

    id: int
    amount: int
    shares: list[int]
    expires: datetime
    takers: list[int] = field(default_factory=list)

    @property
    def used_up(self) -> bool:
        return len(self.takers) >= len(self.shares)


class Model:
    """Everything there is, by account, item and word."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.rules: dict[str, list[Given]] = {item: [each] for item, each in DEFAULTS.items()}
        self.moved: list[Moved] = []
        self.reversals: dict[int, int] = {}
        self.balances: Counter[Holder] = Counter()
        self.awards: list[Award] = []
        self.inviters: dict[int, int] = {}
        self.reachable: set[int] = set()
        self.words: dict[str, Word] = {}
        self.guesses: dict[tuple[str, int], list[datetime]] = {}
        self.told: dict[str, Award] = {}
        self.reserved: set[int] = set()

    # The ledger

    def move(self, kind: str, source: Holder, target: Holder, amount: int) -> int:
        """A plain transfer; its place in the ledger."""
        return self._move(kind, ((source, -amount), (target, amount)))

    def _move(self, kind: str, postings: tuple[tuple[Holder, int], ...]) -> int:
        for holder, amount in postings:
            self.balances[holder] += amount
        self.moved.append((kind, postings))
        return len(self.moved) - 1

    def reverse(self, place: int) -> str:
        """Take the transfer back: `done`, `repeated`, `irreversible` or `overdrawn`."""
        if place in self.reversals:
            return "repeated"
        kind, postings = self.moved[place]
        if kind in {"pot_filled", "pot_emptied", "restoral"}:
            return "irreversible"
        back = tuple((holder, -amount) for holder, amount in postings)
        for holder, amount in back:
            if holder.kind is not HolderKind.ISSUER and self.balances[holder] + amount < 0:
                return "overdrawn"
        made = "restoral" if kind == "reversal" else "reversal"
        self.reversals[place] = self._move(made, back)
        return "done"

    def taken_back(self, place: int) -> bool:
        """Whether the transfer was reversed, and that not taken back in turn."""
        return place in self.reversals and self.reversals[place] not in self.reversals

    # Rewards

    def rule(self, item: str, at: datetime) -> Given:
        """The last that began at that time or before."""
        begun = [each for each in self.rules[item] if each.since <= at]
        return max(enumerate(begun), key=lambda pair: (pair[1].since, pair[0]))[1]

    def give(self, account: int, item: str, target: str = "0", at: datetime | None = None) -> bool:
        """Give the item, where its rule has one left."""
        at = at or self.now
        rule, day = self.rule(item, at), at.astimezone(ZONE).date()
        own = [each for each in self.awards if (each.account, each.item) == (account, item)]
        same = {
            None: False,
            "ever": bool(own),
            "target": any(each.target == target for each in own),
            "target and day": any((each.target, each.day) == (target, day) for each in own),
        }[rule.once]
        full = rule.per_day is not None and sum(each.day == day for each in own) >= rule.per_day
        if not rule.enabled or same or full:
            return False
        place = self.move("award", ISSUER, user(account), rule.amount)
        self.awards.append(Award(account, item, target, day, rule.type, rule.amount, place))
        return True

    def tell(
        self, key: str, account: int, target: str, at: datetime | None
    ) -> tuple[int, Award | None]:
        """The status that an event of `join_group` is answered with, and the award."""
        happened = at or self.now
        day = happened.astimezone(ZONE).date()
        if known := self.told.get(key):
            same = (known.account, known.target) == (account, target)
            return (200, known) if same and (at is None or known.day == day) else (422, None)
        if not self.now - 7 * DAY <= happened <= self.now + timedelta(minutes=5):
            return 422, None
        happened = min(happened, self.now)
        if not self.rule("join_group", happened).enabled:
            return 422, None
        if not self.give(account, "join_group", target, happened):
            return 409, None
        self.told[key] = self.awards[-1]
        return 201, self.awards[-1]

    def listed(self, account: int, kind: str) -> list[tuple[str, str, int, bool]]:
        """Item, target, amount and whether it stands, of an account's awards of a type."""
        today = self.now.astimezone(ZONE).date()
        return [
            (each.item, each.target, each.amount, not self.taken_back(each.transfer))
            for each in self.awards
            if (each.account, each.type) == (account, kind)
            and (kind == "newbee" or each.day == today)
        ]

    # Invitations

    def invite(self, child: int, parent: int | None) -> int:
        """Name the parent whose code was sent, None for nobody's. Accounts are numbered by age."""
        if child in self.inviters:
            return 103
        if self._guessed_out("code", child, CODE_GUESSES):
            return 0
        if parent is None or parent >= child:
            self._guess("code", child)
            return 102
        self.inviters[child] = parent
        return 1

    def _guessed_out(self, what: str, who: int, most: int) -> bool:
        hits = self.guesses.get((what, who), [])
        return sum(each > self.now - DAY for each in hits) >= most

    def _guess(self, what: str, who: int) -> None:
        self.guesses.setdefault((what, who), []).append(self.now)

    # Words

    def submit(self, account: int, text: str) -> tuple[int, int]:
        """The status, and what the share is worth."""
        if self._guessed_out("word", account, WORD_GUESSES):
            return 0, 0
        word = self.words.get(text.casefold())
        if word is None:
            self._guess("word", account)
            return 203, 0
        if account in word.takers:
            return 205, 0
        if word.used_up:
            return 203, 0
        if self.now >= word.expires:
            return 204, 0
        amount = word.shares[len(word.takers)]
        word.takers.append(account)
        self.move("pot_shared", pot(word.id), user(account), amount)
        return 1, amount

    def may_add(self, text: str) -> bool:
        """Whether there is room for the word; one that is over makes room."""
        old = self.words.get(text.casefold())
        return old is None or old.used_up or self.now >= old.expires

    def add(self, text: str, word: Word) -> None:
        """Make the word."""
        self.close(text)
        self.words[text.casefold()] = word
        self.move("pot_filled", ISSUER, pot(word.id), word.amount)

    def close(self, text: str) -> int | None:
        """What was left of the word; None where there is none."""
        word = self.words.pop(text.casefold(), None)
        if word is None:
            return None
        if left := self.balances[pot(word.id)]:
            self.move("pot_emptied", pot(word.id), ISSUER, left)
        return left
