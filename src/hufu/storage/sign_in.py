"""Signing in: one statement before the password is compared, and one after.

Each is its own transaction where it is not in another. Rows are locked in the order in which
everybody locks them: the account, its password, its sessions, and limits last, the network's first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hufu.domain.accounts import Account, AccountState
from hufu.domain.devices import SEEN_EVERY
from hufu.domain.events import EventKind
from hufu.domain.identifiers import Identifier
from hufu.domain.limits import Cap, Limit
from hufu.domain.passwords import Scheme, Verifier
from hufu.domain.permissions import Role
from hufu.domain.profiles import Profile
from hufu.domain.sending import SLOT, Used
from hufu.domain.sessions import Session
from hufu.storage.limits import counting, taking_back
from hufu.storage.profiles import PROFILE, profile_of
from hufu.storage.rows import Rows

_CLAIM_GUESS = f"""
WITH found AS MATERIALIZED (
    SELECT i.scope, a.id, a.pool, a.state, a.created_at, p.scheme, p.pepper_version, p.argon2,
        (SELECT device FROM devices AS d WHERE d.account_id = a.id AND d.device = ANY($5)
         AND d.seen_at > $6 ORDER BY array_position($5, d.device) LIMIT 1) AS device
    FROM identifiers AS i JOIN accounts AS a ON a.id = i.account_id
    LEFT JOIN passwords AS p ON p.account_id = i.account_id AND p.purpose = 'sign_in'
    WHERE i.pool = $1 AND i.kind = $2 AND i.key = $3 AND i.scope IN ('', $4)
), whose AS MATERIALIZED (
    SELECT device IS NOT NULL AS known,
        coalesce('account:' || id || coalesce(':' || encode(device, 'hex'), ''), $8) AS subject
    FROM (SELECT) AS somebody
    LEFT JOIN (SELECT id, device FROM found ORDER BY scope LIMIT 1) AS first ON true
), of_network AS ({
    counting(
        f"SELECT '{Limit.PASSWORD_GUESSES_FROM}', $9::text WHERE $9 IS NOT NULL", "$7", "$10", "$11"
    )
}), of_account AS ({
    counting(
        f"SELECT CASE WHEN known THEN '{Limit.PASSWORD_GUESSES_KNOWN}' "
        f"ELSE '{Limit.PASSWORD_GUESSES}' END, subject FROM whose "
        "WHERE $9::text IS NULL OR EXISTS (SELECT FROM of_network)",
        "$7",
        "(SELECT CASE WHEN known THEN $14::interval[] ELSE $12 END FROM whose)",
        "(SELECT CASE WHEN known THEN $15::int[] ELSE $13 END FROM whose)",
    )
})
SELECT counted.name, counted.subject, found.* FROM (SELECT) AS guess
LEFT JOIN of_account AS counted ON true LEFT JOIN found ON true ORDER BY found.scope
"""  # noqa: S608

_REFUND = f"""
WITH of_network AS (
    {taking_back(f"'{Limit.PASSWORD_GUESSES_FROM}'", "$1::text", "$4")} RETURNING true
)
{taking_back("$2", "$3", "$4")} AND (SELECT count(*) FROM of_network) >= 0
"""  # noqa: S608

# Whoever changes the password, or bars the account, holds it meanwhile: what is read of both after
# waiting for it is the newest there is. A plain look would see what was there before the wait.
_PROVED = """
held AS MATERIALIZED (
    SELECT id FROM accounts WHERE id = $1 AND state = 'active' FOR NO KEY UPDATE
), admitted AS MATERIALIZED (
    SELECT held.id FROM held JOIN passwords AS p ON p.account_id = held.id
    WHERE p.purpose = 'sign_in' AND p.argon2 = $16 FOR SHARE OF p
)"""

_HELD = "admitted AS (SELECT $1::int AS id)"

_OPEN = f"""
WITH {{admitted}}, visited AS (
    UPDATE profiles AS p SET signed_in_at = $4 FROM admitted
    WHERE p.account_id = admitted.id AND p.app = $2 RETURNING {PROFILE}
), ended AS (
    DELETE FROM sessions AS s USING visited WHERE s.token_hash = $12 AND s.app = $2
    AND (s.account_id = $1 AND s.device = $7) IS NOT TRUE RETURNING s.id
), opened AS (
    INSERT INTO sessions (id, account_id, app, token_hash, method, device, network,
        user_agent, created_at, seen_at, idle, expires_at)
    SELECT $3, account_id, $2, $5, $6, $7, $8, $9, $4, $4, $10, $11
    FROM visited WHERE (SELECT count(*) FROM ended) >= 0
    ON CONFLICT (account_id, app, device) DO UPDATE SET id = $3, token_hash = $5, method = $6,
        network = $8, user_agent = $9, created_at = $4, seen_at = $4, idle = $10, expires_at = $11
    RETURNING account_id
), marked AS (
    INSERT INTO devices AS d (account_id, device, seen_at)
    SELECT account_id, device, $4 FROM opened, unnest($13::bytea[]) AS device ORDER BY device
    ON CONFLICT (account_id, device) DO UPDATE SET seen_at = $4 WHERE d.seen_at < $14
    RETURNING true
), recorded AS (
    INSERT INTO events (at, app, account_id, kind, network, facts)
    SELECT $4, $2, account_id, $15, $8, jsonb_build_object('by', $6::text) FROM opened
    RETURNING true
){{counted}}
SELECT visited.*,
    (SELECT role FROM roles AS r WHERE r.account_id = $1 AND r.app = $2) AS role,
    (SELECT shown FROM handles AS h
     WHERE h.account_id = $1 AND h.app = $2 AND released_at IS NULL) AS handle,
    (SELECT key FROM identifiers AS i WHERE i.account_id = $1 AND kind = 'phone' AND verified
     ORDER BY bound_at DESC LIMIT 1) AS phone,
    (SELECT shown FROM identifiers AS i WHERE i.account_id = $1 AND kind = 'email' AND verified
     ORDER BY bound_at DESC LIMIT 1) AS email
FROM visited, opened
"""  # noqa: S608

_REFUNDED = f""", of_network AS (
    {taking_back(f"'{Limit.PASSWORD_GUESSES_FROM}'", "$17::text", "$20")}
    RETURNING true
), of_account AS (
    {taking_back("$18", "$19", "$20")} AND (SELECT count(*) FROM of_network) >= 0
)"""  # noqa: S608

# Many share the count of used codes: it waits for all else.
_USED = """, used AS (
    UPDATE sending AS s SET used = used + 1
    WHERE s.prefix = $16 AND s.slot = date_bin($18::interval, $17::timestamptz, 'epoch')
    AND EXISTS (SELECT FROM opened)
    AND (SELECT count(*) FROM marked) + (SELECT count(*) FROM recorded) >= 0
)"""

_OPEN_HELD = _OPEN.format(admitted=_HELD, counted=_USED)
_OPEN_PROVED = _OPEN.format(admitted=_PROVED, counted=_REFUNDED)


@dataclass(frozen=True, slots=True)
class SignInCandidate:
    """An account that an identifier leads to, with what a password is checked against."""

    account: Account
    verifier: Verifier | None


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess at a password that was counted, for a network where there is one and for an account
    or whatever stands for it, and what it may open: the account of the whole pool first, then one
    of the app's own scope."""

    at: datetime
    network: str | None
    limit: Limit
    subject: str
    candidates: tuple[SignInCandidate, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody signs in with, and from where: the device's `marks` count since `known_since`.

    `unknown` stands for the account where there is none.
    """

    pool: str
    app: str
    identifier: Identifier
    network: str | None
    marks: Sequence[bytes]
    known_since: datetime
    unknown: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A session to be opened, in place of the one that the client showed, if any."""

    session: Session
    token_hash: bytes
    replaced: bytes | None
    marks: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Opened:
    """What the owner of a new session is shown of the account. Phone is E.164."""

    role: Role
    profile: Profile
    handle: str | None
    phone: str | None
    email: str | None


class SignIns(Rows):
    """What signing in reads and writes, over many tables."""

    __slots__ = ()

    async def claim_guess(
        self,
        asked: Asked,
        now: datetime,
        network: Sequence[Cap],
        strangers: Sequence[Cap],
        known: Sequence[Cap],
    ) -> Guess | None:
        """Count a guess at the password of whoever the identifier leads to; None, where it would
        break a cap. A network over its caps uses up nothing of the account's."""
        identifier = asked.identifier
        rows = await self._connection.fetch(
            _CLAIM_GUESS,
            asked.pool,
            identifier.kind,
            identifier.key,
            asked.app,
            asked.marks,
            asked.known_since,
            now,
            asked.unknown,
            asked.network,
            *_columns(network),
            *_columns(strangers),
            *_columns(known),
        )
        limit, subject = rows[0]["name"], rows[0]["subject"]
        if limit is None:
            return None
        candidates = tuple(
            SignInCandidate(
                Account(row["id"], row["pool"], AccountState(row["state"]), row["created_at"]),
                row["argon2"]
                and Verifier(Scheme(row["scheme"]), row["pepper_version"], row["argon2"]),
            )
            for row in rows
            if row["id"] is not None
        )
        return Guess(now, asked.network, Limit(limit), subject, candidates)

    async def refund(self, guess: Guess) -> None:
        """Take back the hits of the one guess."""
        await self._connection.execute(_REFUND, guess.network, guess.limit, guess.subject, guess.at)

    async def add_refusals(self, guess: Guess, app: str, now: datetime) -> None:
        """Record, for every account that might have been meant, that it was not opened.

        At least one row: the work does not tell whether there is an account.
        """
        await self._connection.execute(
            "INSERT INTO events (at, app, account_id, kind, network, facts) "
            "SELECT $1, $2, id, $3, $4, '{}' FROM unnest($5::int[]) AS id",
            now,
            app,
            EventKind.SIGN_IN_REFUSED,
            guess.network,
            [candidate.account.id for candidate in guess.candidates] or [None],
        )

    async def claim(self, opening: Opening, proved: Verifier, guess: Guess) -> Opened | None:
        """Open a session and take back the guess that proved right.

        Holds the account and its password. None, and nothing but the guess is written, where the
        account is not in use or has another password by now, or has no profile in the app yet.
        """
        return await self._open(
            _OPEN_PROVED,
            opening,
            proved.argon2,
            guess.network,
            guess.limit,
            guess.subject,
            guess.at,
        )

    async def open(self, opening: Opening, used: Used | None) -> Opened | None:
        """Open a session of an account that the transaction holds, and count a code that was used
        for it; None, and nothing is counted, where it has no profile in the app yet."""
        prefix, sent_at = (used.prefix, used.sent_at) if used else (None, None)
        return await self._open(_OPEN_HELD, opening, prefix, sent_at, SLOT)

    async def _open(self, statement: str, opening: Opening, *more: object) -> Opened | None:
        session = opening.session
        row = await self._connection.fetchrow(
            statement,
            session.account_id,
            session.app,
            session.id,
            session.created_at,
            opening.token_hash,
            session.method,
            session.device,
            session.network,
            session.user_agent,
            session.idle,
            session.expires_at,
            opening.replaced,
            opening.marks,
            session.created_at - SEEN_EVERY,
            EventKind.SIGNED_IN,
            *more,
        )
        if row is None:
            return None
        role = Role(row["role"] or Role.MEMBER)
        return Opened(role, profile_of(row), row["handle"], row["phone"], row["email"])


def _columns(caps: Sequence[Cap]) -> tuple[list[object], list[int]]:
    return [cap.window for cap in caps], [cap.most for cap in caps]
