"""Sessions as clients present them, with everything that an answer of the hot calls needs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import asyncpg

from hufu.domain.accounts import Account, AccountState
from hufu.domain.identity_numbers import SealedIdentity
from hufu.domain.limits import Limit
from hufu.domain.permissions import Role
from hufu.domain.profiles import Me, Profile, SealedDetails, Sex, View
from hufu.domain.sessions import Session, SignInMethod
from hufu.storage.gathering import Gatherer, Lane

_SESSION = (
    "s.id, s.account_id, s.app, s.method, s.device, s.network, s.user_agent, s.created_at, "
    "s.seen_at, s.idle, s.expires_at, a.pool, a.state, a.created_at, r.role, l.hits"
)
_PROFILE = (
    "p.account_id, p.name, p.sex, p.zip, p.province, p.city, p.address, p.country, p.avatar, "
    "p.logo_url, p.organisation, p.organisation_address, p.person_name, p.qq, p.created_at, "
    "p.updated_at, p.signed_in_at"
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
_PROFILE_STATEMENT = f"""
SELECT q.place, {_SESSION}, {_PROFILE}, h.shown, i.phone, i.email {_FROM_PROFILE}
LEFT JOIN handles h ON h.account_id = s.account_id AND h.app = s.app AND h.released_at IS NULL
LEFT JOIN LATERAL (
    SELECT max(key) FILTER (WHERE kind = 'phone') AS phone,
        max(shown) FILTER (WHERE kind = 'email') AS email
    FROM identifiers WHERE account_id = s.account_id AND verified
) AS i ON true
"""  # noqa: S608
_DETAILS_STATEMENT = f"""
SELECT q.place, {_SESSION}, {_PROFILE}, n.real_name, n.sealed, n.blind_index, n.verified_at, (
    SELECT max(key) FROM invitations v JOIN identifiers i ON i.account_id = v.inviter_id
    WHERE v.account_id = s.account_id AND i.kind = 'phone' AND i.verified
) {_FROM_PROFILE}
LEFT JOIN identity_numbers n ON n.account_id = s.account_id AND n.app = s.app
"""  # noqa: S608
_AFTER_SESSION = 17
_AFTER_PROFILE = 34


@dataclass(frozen=True, slots=True)
class Presented:
    """A session with what decides whether it still counts, and what was read along with it.

    `wrong_tokens` are the times of the wrong session tokens from the asking client's network.
    """

    session: Session
    account: Account
    role: Role
    wrong_tokens: Sequence[datetime]
    me: Me | None = None
    details: SealedDetails | None = None


def _profile(row: asyncpg.Record) -> Profile | None:
    account_id, name, sex, *rest = row[_AFTER_SESSION:_AFTER_PROFILE]
    return None if account_id is None else Profile(account_id, name, Sex(sex), *rest)


def _session(
    row: asyncpg.Record, me: Me | None = None, details: SealedDetails | None = None
) -> Presented:
    id, account_id, app, method, *rest, pool, state, since, role, hits = row[1:_AFTER_SESSION]
    return Presented(
        Session(id, account_id, app, SignInMethod(method), *rest),
        Account(account_id, pool, AccountState(state), since),
        Role(role) if role else Role.MEMBER,
        hits or (),
        me,
        details,
    )


def _with_profile(row: asyncpg.Record) -> Presented:
    if (profile := _profile(row)) is None:
        return _session(row)
    handle, phone, email = row[_AFTER_PROFILE:]
    return _session(row, Me(profile.account_id, handle, phone, email, profile))


def _with_details(row: asyncpg.Record) -> Presented:
    if (profile := _profile(row)) is None:
        return _session(row)
    name, sealed, blind_index, verified_at, inviter_phone = row[_AFTER_PROFILE:]
    identity = sealed and SealedIdentity(name, sealed, blind_index, verified_at is not None)
    return _session(row, details=SealedDetails(profile, identity, inviter_phone))


_READS: Mapping[View, tuple[str, Callable[[asyncpg.Record], Presented]]] = MappingProxyType(
    {
        View.SESSION: (_SESSION_STATEMENT, _session),
        View.PROFILE: (_PROFILE_STATEMENT, _with_profile),
        View.DETAILS: (_DETAILS_STATEMENT, _with_details),
    }
)


class _Question(NamedTuple):
    token_hash: bytes
    network: str | None


class PresentedSessions:
    """Looks sessions up by their tokens, all that are asked for at one moment at once.

    There is no cache: what was committed before the question is in the answer.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._questions = {
            view: Gatherer[_Question, Presented | None](self._asking(view)) for view in View
        }

    async def find(
        self, token_hash: bytes, view: View, network: str | None = None
    ) -> Presented | None:
        """The session of the token, in whatever app it is. Raises DatabaseUnavailable."""
        return await self._questions[view].put(_Question(token_hash, network))

    def _asking(self, view: View) -> Callable[[list[_Question]], Awaitable[list[Presented | None]]]:
        statement, shaped = _READS[view]

        async def ask(questions: list[_Question]) -> list[Presented | None]:
            rows = await self._lane.fetch(
                statement,
                [question.token_hash for question in questions],
                [question.network for question in questions],
            )
            answers: list[Presented | None] = [None] * len(questions)
            for row in rows:
                answers[row[0] - 1] = shaped(row)
            return answers

        return ask


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
