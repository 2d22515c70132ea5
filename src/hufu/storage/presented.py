"""Sessions as clients present them, with everything that an answer of the hot calls needs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import Enum
from functools import partial
from struct import Struct
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from hufu.domain.accounts import AccountState
from hufu.domain.identity_numbers import SealedIdentity
from hufu.domain.limits import Limit
from hufu.domain.permissions import Role
from hufu.domain.profiles import Me, Profile, SealedDetails, Sex, View
from hufu.domain.sessions import Presented
from hufu.storage.gathering import Gatherer, Lane, Sink
from hufu.storage.instants import packed
from hufu.storage.profiles import PROFILE, read_times
from hufu.storage.replica import Replica

_ENDS_AT = "least(s.expires_at, s.seen_at + s.idle)"
_SESSION = (
    "s.id, s.account_id, s.app, s.method, s.device, "
    f"{packed('s.created_at', 's.seen_at', _ENDS_AT, 's.expires_at')}, a.state, r.role, l.hits"
)
_FROM_SESSION = (
    "FROM unnest($1::bytea[], $2::text[]) WITH ORDINALITY AS q (token_hash, network, place) "
    "JOIN sessions s ON s.token_hash = q.token_hash "
    "JOIN accounts a ON a.id = s.account_id "
    "LEFT JOIN roles r ON r.account_id = s.account_id AND r.app = s.app "
    f"LEFT JOIN limits l ON l.name = '{Limit.SESSION_GUESSES_FROM}' AND l.subject = q.network"
)
_FROM_PROFILE = (
    f"{_FROM_SESSION} LEFT JOIN profiles p ON p.account_id = s.account_id AND p.app = s.app"
)
_SESSION_STATEMENT = f"SELECT q.place, {_SESSION} {_FROM_SESSION}"
_NAME_STATEMENT = f"SELECT q.place, {_SESSION}, p.name {_FROM_PROFILE}"
_PROFILE_STATEMENT = f"""
SELECT q.place, {_SESSION}, {PROFILE}, h.shown, i.phone, i.email {_FROM_PROFILE}
LEFT JOIN handles h ON h.account_id = s.account_id AND h.app = s.app AND h.released_at IS NULL
LEFT JOIN LATERAL (
    SELECT max(key) FILTER (WHERE kind = 'phone') AS phone,
        max(shown) FILTER (WHERE kind = 'email') AS email
    FROM identifiers WHERE account_id = s.account_id AND verified
) AS i ON true
"""  # noqa: S608
_DETAILS_STATEMENT = f"""
SELECT q.place, {_SESSION}, {PROFILE}, n.real_name, n.sealed, n.blind_index, n.verified_at, (
    SELECT max(key) FROM invitations v JOIN identifiers i ON i.account_id = v.inviter_id
    WHERE v.account_id = s.account_id AND i.kind = 'phone' AND i.verified
) {_FROM_PROFILE}
LEFT JOIN identity_numbers n ON n.account_id = s.account_id AND n.app = s.app
"""  # noqa: S608
_AFTER_SESSION = 10
_AFTER_PROFILE = 25
_read_times = Struct(">4q").unpack


Member = TypeVar("Member", bound=Enum)


class _Known(dict[Any, Member]):
    """An enumeration by its values; what only a newer version knows is taken for `unknown`, as one
    such row would fail everybody's.

    Calling an enumeration costs as much as a column does to read.
    """

    def __init__(self, unknown: Member) -> None:
        super().__init__({None: unknown} | {each.value: each for each in type(unknown)})
        self._unknown = unknown

    def __missing__(self, _: object) -> Member:
        return self._unknown


_STATES = _Known(AccountState.BARRED)
_ROLES = _Known(Role.MEMBER)
_SEXES = _Known(Sex.UNDISCLOSED)


def _session(
    row: asyncpg.Record,
    name: str | None = None,
    me: Me | None = None,
    details: SealedDetails | None = None,
) -> Presented:
    signed_in_at, seen_at, ends_at, expires_at = _read_times(row[6])
    return Presented(
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        signed_in_at,
        seen_at,
        ends_at,
        expires_at,
        _STATES[row[7]],
        _ROLES[row[8]],
        row[9] or (),
        name,
        me,
        details,
    )


def _with_name(row: asyncpg.Record) -> Presented:
    return _session(row, row[_AFTER_SESSION])


def _profile(row: asyncpg.Record) -> Profile | None:
    account_id, name, sex, *texts, times = row[_AFTER_SESSION:_AFTER_PROFILE]
    if account_id is None:
        return None
    return Profile(account_id, name, _SEXES[sex], *texts, *read_times(times))


def _with_profile(row: asyncpg.Record) -> Presented:
    if (profile := _profile(row)) is None:
        return _session(row)
    handle, phone, email = row[_AFTER_PROFILE:]
    return _session(row, me=Me(profile.account_id, handle, phone, email, profile))


def _with_details(row: asyncpg.Record) -> Presented:
    if (profile := _profile(row)) is None:
        return _session(row)
    name, sealed, blind_index, verified_at, inviter_phone = row[_AFTER_PROFILE:]
    identity = sealed and SealedIdentity(name, sealed, blind_index, verified_at is not None)
    return _session(row, details=SealedDetails(profile, identity, inviter_phone))


_READS: Mapping[View, tuple[str, Callable[[asyncpg.Record], Presented]]] = MappingProxyType(
    {
        View.SESSION: (_SESSION_STATEMENT, _session),
        View.NAME: (_NAME_STATEMENT, _with_name),
        View.PROFILE: (_PROFILE_STATEMENT, _with_profile),
        View.DETAILS: (_DETAILS_STATEMENT, _with_details),
    }
)


_Question = tuple[bytes, str | None]
"""A token's hash, and the network of the client that shows it where its wrong ones count."""


class PresentedSessions:
    """Looks sessions up by their tokens, all that are asked for at one moment at once.

    There is no cache: what was committed before the question is in the answer. Where there is a
    fresh replica, that is asked first for sessions alone. What it does not show, and what depends
    on the client's network, is for the primary to say.
    """

    def __init__(self, lane: Lane, replica: Replica | None) -> None:
        self._lane = lane
        self._replica = replica
        self._questions = {
            view: Gatherer[_Question, Presented | None](partial(self._reader(view), view))
            for view in View
        }

    def find(
        self, token_hash: bytes, view: View, network: str | None = None
    ) -> Awaitable[Presented | None]:
        """The session of the token, in whatever app it is. Raises DatabaseUnavailable."""
        return self._questions[view].put((token_hash, network))

    def tell(
        self,
        token_hash: bytes,
        view: View,
        network: str | None,
        sink: Sink["Presented | None"],
    ) -> None:
        """The same, told to a sink."""
        self._questions[view].tell((token_hash, network), sink)

    async def read(self, view: View, questions: list[_Question]) -> list[Presented | None]:
        """What is found for each of the questions, at the primary."""
        statement, shaped = _READS[view]
        rows = await self._lane.fetch(statement, *_columns(questions))
        answers: list[Presented | None] = [None] * len(questions)
        for row in rows:
            answers[row[0] - 1] = shaped(row)
        return answers

    def _reader(
        self, view: View
    ) -> Callable[[View, list[_Question]], Awaitable[list[Presented | None]]]:
        replicated = self._replica is not None and view is View.SESSION
        return self._read_replica_first if replicated else self.read

    async def _read_replica_first(
        self, view: View, questions: list[_Question]
    ) -> list[Presented | None]:
        assert self._replica is not None
        statement, shaped = _READS[view]
        answers: list[Presented | None] = [None] * len(questions)
        for row in await self._replica.fetch(statement, *_columns(questions)) or ():
            place = row[0] - 1
            if questions[place][1] is None:
                answers[place] = shaped(row)
        missing = [place for place, answer in enumerate(answers) if answer is None]
        if missing:
            told = await self.read(view, [questions[place] for place in missing])
            for place, answer in zip(missing, told, strict=True):
                answers[place] = answer
        return answers


def _columns(questions: list[_Question]) -> tuple[list[bytes], list[str]]:
    # No network has an empty name. An array of texts is written faster than one with gaps.
    return [token_hash for token_hash, _ in questions], [of or "" for _, of in questions]


class LastSeen:
    """Records that sessions were used, many at once and behind the back of their requests."""

    def __init__(self, save: Callable[[list[tuple[UUID, datetime]]], Awaitable[None]]) -> None:
        async def run(seen: list[tuple[UUID, datetime]]) -> list[None]:
            await save(seen)
            return [None] * len(seen)

        self._seen = Gatherer(run)

    def record(self, id: UUID, now: datetime) -> None:
        """The session was used now. What cannot be written is written at its next use."""
        self._seen.put((id, now)).add_done_callback(asyncio.Future.exception)

    async def settled(self) -> None:
        """Return when everything is recorded."""
        await self._seen.settled()
