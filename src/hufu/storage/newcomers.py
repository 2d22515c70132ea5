"""Making an account, with everything that it has from the beginning, in one statement."""

from dataclasses import dataclass
from datetime import datetime

from hufu.domain.events import EventKind
from hufu.domain.identifiers import Identifier
from hufu.domain.limits import Limit
from hufu.domain.passwords import Verifier
from hufu.domain.profiles import Sex
from hufu.domain.sending import PREFIX, SLOT
from hufu.domain.verification import Code
from hufu.storage.limits import taking_back
from hufu.storage.rows import Rows

# Each step follows from the one before it, so that a step that fails leaves out what comes after.
# The limit of the guess is held late, as whoever guesses holds it after the code. Many share the
# count of used codes: it waits for all else, as whoever has it goes on to COMMIT.
_CLAIM = f"""
WITH held AS MATERIALIZED (
    SELECT id FROM registrations WHERE id = $21 AND app = $3 AND account_id IS NULL FOR UPDATE
), spent AS (
    UPDATE codes SET spent_at = $4, guesses = greatest(guesses - ($26::text IS NOT NULL)::int, 0)
    WHERE id = $20 AND spent_at IS NULL AND voided_at IS NULL
    AND ($21::int IS NULL OR EXISTS (SELECT FROM held)) RETURNING kind, key, sent_at
), known AS (
    SELECT FROM identifiers WHERE pool = $2 AND kind = $5 AND key = $6 AND scope = '' AND $24
), account AS (
    INSERT INTO accounts (id, pool, state, created_at) SELECT $1, $2, 'active', $4
    WHERE ($20::int IS NULL OR EXISTS (SELECT FROM spent)) AND NOT EXISTS (SELECT FROM known)
    ON CONFLICT DO NOTHING RETURNING id
), identifier AS (
    INSERT INTO identifiers (pool, kind, key, scope, shown, account_id, verified, bound_at)
    SELECT $2, $5, $6, $8, $7, id, $9, $4 FROM account
    ON CONFLICT DO NOTHING RETURNING account_id
), password AS (
    INSERT INTO passwords (account_id, purpose, scheme, pepper_version, argon2, set_at)
    SELECT account_id, 'sign_in', $10, $11, $12, $4 FROM identifier WHERE $12::text IS NOT NULL
    RETURNING true
), profile AS (
    INSERT INTO profiles (account_id, app, name, name_key, sex, created_at, updated_at,
        signed_in_at)
    SELECT account_id, $3, $13, $14, $15, $4, $4, $4 FROM identifier
    ON CONFLICT DO NOTHING RETURNING account_id
), handle AS (
    INSERT INTO handles (app, key, shown, account_id)
    SELECT $3, $16, $17, account_id FROM identifier WHERE $16::text IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING shown
), completed AS (
    UPDATE registrations AS r SET account_id = identifier.account_id, argon2 = '' FROM identifier
    WHERE r.id = $21 RETURNING true
), recorded AS (
    INSERT INTO events (at, app, account_id, kind, network, facts)
    SELECT $4, $3, account_id, $19, $18, jsonb_build_object('by', $5::text) FROM identifier
    RETURNING true
), complete AS MATERIALIZED (
    SELECT FROM profile WHERE $16::text IS NULL OR EXISTS (SELECT FROM handle)
), taken_back AS (
    {taking_back(f"'{Limit.CODE_GUESSES}'", "$26", "$27::timestamptz")}
    AND EXISTS (SELECT FROM recorded) RETURNING true
), used AS (
    UPDATE sending AS s SET used = used + 1 FROM spent WHERE spent.kind = 'phone'
    AND s.prefix = left(spent.key, $22) AND s.slot = date_bin($23, spent.sent_at, 'epoch')
    AND $25 AND EXISTS (SELECT FROM complete) AND (SELECT count(*) FROM password)
    + (SELECT count(*) FROM completed) + (SELECT count(*) FROM recorded)
    + (SELECT count(*) FROM taken_back) >= 0
)
SELECT $20::int IS NULL OR EXISTS (SELECT FROM spent) AS entitled,
    EXISTS (SELECT FROM known) AS known, EXISTS (SELECT FROM account) AS account,
    EXISTS (SELECT FROM identifier) AS identifier, EXISTS (SELECT FROM profile) AS profile,
    (SELECT shown FROM handle) AS handle, EXISTS (SELECT FROM complete) AS complete
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An account that is to be, with its first identifier, its profile in the app, and a handle
    where the app has handles."""

    account_id: int
    pool: str
    app: str
    identifier: Identifier
    scope: str
    verified: bool
    verifier: Verifier | None
    name: str
    name_key: str | None
    handle: str | None
    network: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """How far making an account came.

    `entitled`: the code was there to be spent. `known`: the identifier has an account. `account`:
    the id was free. `identifier`: nobody was quicker to take it. `profile`: the name was free;
    without, there is none yet. `handle`: the handle, if it was free. `complete`: nothing is left to
    be given.
    """

    entitled: bool
    known: bool
    account: bool
    identifier: bool
    profile: bool
    handle: str | None
    complete: bool


class Newcomers(Rows):
    """What an account has from the beginning, over many tables."""

    __slots__ = ()

    async def claim(
        self,
        newcomer: Newcomer,
        now: datetime,
        *,
        code_id: int | None,
        registration_id: int | None,
        guess: Code | None,
        beside_owner: bool,
        last: bool,
    ) -> Claim:
        """Spend the code, if there is one, and make the account; complete the registration, if
        there is one, which is held before its code and keeps no verifier. The right `guess` at the
        code counts no more, if there is one. With `beside_owner` it does not matter that the
        identifier has an account in the pool. With `last` only COMMIT follows what is complete, and
        the code is counted among those that were used; else that is still to be done."""
        verifier, handle = newcomer.verifier, newcomer.handle
        [row] = await self._connection.fetch(
            _CLAIM,
            newcomer.account_id,
            newcomer.pool,
            newcomer.app,
            now,
            newcomer.identifier.kind,
            newcomer.identifier.key,
            newcomer.identifier.shown,
            newcomer.scope,
            newcomer.verified,
            verifier and verifier.scheme,
            verifier and verifier.pepper_version,
            verifier and verifier.argon2,
            newcomer.name,
            newcomer.name_key,
            Sex.UNDISCLOSED,
            handle and handle.lower(),
            handle,
            newcomer.network,
            EventKind.REGISTERED,
            code_id,
            registration_id,
            PREFIX,
            SLOT,
            not beside_owner,
            last,
            guess and guess.guessed,
            guess and guess.guessed_at,
        )
        return Claim(**row)
