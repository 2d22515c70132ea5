"""Accounts by the thousand or the million, with the rows around them, made by PostgreSQL itself.

What belongs to an account can be told from its number: id, phone and token are spread as random
ones would be, and no two are the same below 10**8.
"""

from collections.abc import Mapping, Sequence

import asyncpg

VERIFIER = ("plain", "$argon2id$v=19$m=19456,t=2,p=1$" + "s" * 22 + "$" + "h" * 43)
"""Scheme and text of a verifier that no password fits."""

ID = "(n * 1103515245 & 2147483647)::integer"
PHONE = "'+86138' || lpad((n * 61803399 % 100000000)::text, 8, '0')"
EMAIL = "'somebody.' || n || '@example.com'"
TOKEN = "'token-' || lpad(n::text, 32, '0')"
NETWORK = "'10.' || n % 200 || '.' || n / 200 % 250 || '.0/24'"
AGENT = "'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile'"


def account_id(number: int) -> int:
    """The account's id."""
    return number * 1103515245 & 2147483647


def phone(number: int) -> str:
    """The account's mobile number, as it is typed."""
    return f"138{number * 61803399 % 10**8:08d}"


def token(number: int) -> str:
    """The token of the account's session."""
    return f"token-{number:032d}"


MAIN: Mapping[str, tuple[str, ...]] = {
    "accounts": (f"{ID}, 'main', 'active', at",),
    "identifiers": (f"'main', 'phone', {PHONE}, '', {PHONE}, {ID}, true, at",),
    "passwords": (f"{ID}, 'sign_in', scheme, 1, argon2, at",),
    "profiles": (
        (
            f"{ID}, app, '用户' || n, CASE app WHEN 'rental' THEN '用户' || n END, n % 3, "
            "'100000', 'Beijing', 'Beijing', 'Chaoyang District, ' || n, 'China', NULL, NULL, "
            "NULL, NULL, NULL, NULL, at, at, at"
        ),
    ),
    "handles": (f"app, 'fm_' || n, 'fm_' || n, {ID}, NULL",),
    "sessions": (
        (
            f"gen_random_uuid(), {ID}, app, sha256(({TOKEN})::bytea), 'password', "
            f"CASE app WHEN 'company' THEN 'device-' || n END, {NETWORK}, {AGENT}, "
            "at, now() + interval '1 day', interval '3650 days', now() + interval '3650 days'"
        ),
    ),
    "devices": (f"{ID}, sha256(({NETWORK})::bytea), at",),
    "limits": (
        f"'sends_to', 'phone:' || {PHONE}, ARRAY[at]",
        f"'code_guesses', 'register:phone:' || {PHONE}, ARRAY[at]",
        f"'password_guesses', 'account:' || {ID}, ARRAY[at]",
    ),
    "events": (
        f"at, app, {ID}, 'registered', {NETWORK}, jsonb '{{}}'",
        f"at, app, {ID}, 'signed_in', {NETWORK}, jsonb '{{\"by\": \"password\"}}'",
    ),
}
"""What every account has: by table the rows, as values in the columns' order."""

FURTHER: Mapping[str, tuple[str, ...]] = {
    "identifiers": (f"'main', 'email', {EMAIL}, '', {EMAIL}, {ID}, true, at",),
    "codes": (
        (
            f"{ID}, 'main', app, 'register', 'phone', {PHONE}, {PHONE}, '', {ID}, "
            "sha256('code'), 1, at, at + interval '10 minutes', at, NULL"
        ),
    ),
    "registrations": (
        (
            f"{ID}, 'main', app, {ID}, 'phone', {PHONE}, {PHONE}, scheme, 1, argon2, "
            f"{NETWORK}, at, at + interval '10 minutes', NULL, CASE n % 2 WHEN 0 THEN {ID} END"
        ),
    ),
    "outbox": (
        (
            f"app, 'sms', {PHONE}, 'register', sha256(n::text::bytea), at, "
            "at + interval '10 minutes', at, 1, CASE WHEN n % 100 > 0 THEN at END, NULL"
        ),
    ),
    "grants": (f"sha256(('grant-' || n)::bytea), {ID}, app, at, at + interval '10 minutes', at",),
    "captchas": ("app, n::text, sha256('v'), sha256('text'), at, at + interval '5 minutes', at",),
    "roles": (f"{ID}, app, 'member', at",),
    "role_requests": (f"{ID}, app, 'member', at, at",),
    "identity_numbers": (
        f"{ID}, app, 'Somebody', sha256('s'), sha256(n::text::bytea), NULL, at, NULL",
    ),
    "invitation_codes": (f"{ID}, upper(to_hex(n)), at",),
    "invitations": (f"{ID}, (greatest(n / 10, 1) * 1103515245 & 2147483647)::integer, app, at",),
    "invitation_counts": (f"{ID}, n % 16, 10",),
    "reservations": (f"{ID}, app, at",),
    "transfers": (
        (
            "-n, 'key-' || n, 'award', '', at, CASE WHEN n % 100 = 0 THEN 1 - n END, "
            "sha256(n::text::bytea)"
        ),
    ),
    "postings": (
        "-n, 1, 'issuer', 0, 1, -100000",
        f"-n, 2, 'user', {ID}, 1, 100000",
    ),
    "balances": (f"'user', {ID}, 1, 0, 100000",),
    "awards": (
        f"{ID}, 1, app, 'sign_in', 'daily', 100000, 1, '0', at::date, NULL, 1, NULL, at",
        (
            f"{ID}, 2, app, 'set_info', 'newbie', 100000, 1, '0', at::date, 'account', NULL, "
            "'key-' || n, at"
        ),
    ),
    "words": ("n, app, 'word-' || n, 'word', 1, 10, 1, 0, 0, at, at, at, at",),
    "word_shares": ("1 + n / 100, n % 100, 10",),
    "word_takers": (f"1 + n / 100, {ID}, n % 100, at",),
    "sending": ("'+86138' || n % 1000, at - n / 1000 * interval '1 hour', 10, 5",),
}
"""What some of them leave behind; the first account was invited by nobody."""

_INSERT = """
WITH numbered AS (
    SELECT n, $1::text AS scheme, $2::text AS argon2,
        ($3::text[])[1 + n % cardinality($3)] AS app,
        timestamptz '2026-01-01 00:00Z' + n % 15000000 * interval '1 second' AS at
    FROM generate_series($4::bigint, $5::bigint) AS n
) INSERT INTO {} ({}) {}
"""

_COLUMNS = """
SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 AND is_identity = 'NO'
"""


async def add(
    connection: asyncpg.Connection,
    table: str,
    rows: Sequence[str],
    numbers: range,
    apps: Sequence[str],
    verifier: tuple[str, str] = VERIFIER,
) -> None:
    """Rows of the table for the accounts of those numbers, which are spread over the apps."""
    columns = await connection.fetchval(_COLUMNS, table)
    selects = " UNION ALL ".join(f"SELECT {values} FROM numbered" for values in rows)
    statement = _INSERT.format(table, columns, selects)
    await connection.execute(statement, *verifier, list(apps), numbers[0], numbers[-1], timeout=900)
