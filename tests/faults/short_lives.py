"""Lives that the database cuts short, so that what ends does so within a run, and a record of what
is gone, so that a checker can tell what ended from what was lost."""

from collections import Counter, defaultdict
from dataclasses import replace

import asyncpg

from faults.checker import Found

EXPIRING = ("codes", "registrations", "grants", "captchas", "sessions")
"""Tables whose rows say when they end."""

_CUT = """
CREATE FUNCTION cut_life() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.expires_at := least(NEW.expires_at, now() + interval '{seconds} s');
    RETURN NEW;
END $$;
CREATE FUNCTION cut_day() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.hits := ARRAY(
        SELECT least(hit, now() - interval '1 day' + interval '{seconds} s')
        FROM unnest(NEW.hits) AS hit
    );
    RETURN NEW;
END $$;
CREATE TRIGGER cut_day BEFORE INSERT OR UPDATE ON limits
    FOR EACH ROW EXECUTE FUNCTION cut_day();
CREATE TABLE gone_sessions (account_id integer, token_hash bytea);
CREATE FUNCTION note_session() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO gone_sessions VALUES (OLD.account_id, OLD.token_hash);
    RETURN NULL;
END $$;
CREATE TRIGGER note_session AFTER DELETE ON sessions FOR EACH ROW
    WHEN (least(OLD.expires_at, OLD.seen_at + OLD.idle) <= now() + interval '1 s')
    EXECUTE FUNCTION note_session();
CREATE TABLE gone_letters (recipient text, purpose text);
CREATE FUNCTION note_letter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO gone_letters VALUES (OLD.recipient, OLD.purpose);
    RETURN NULL;
END $$;
CREATE TRIGGER note_letter AFTER DELETE ON outbox FOR EACH ROW
    WHEN (coalesce(OLD.sent_at, OLD.failed_at, OLD.expires_at) <= now() + interval '1 s')
    EXECUTE FUNCTION note_letter();
"""
_CUT_OF = """
CREATE TRIGGER cut_life BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION cut_life();
"""


async def cut_lives(url: str, seconds: float) -> None:
    """Let everything in `EXPIRING` end after so many seconds at most, and let the hits that limits
    count be so old that they count no longer than that. What is removed before its end is not
    noted, and so is missing later."""
    statements = _CUT.format(seconds=seconds)
    statements += "".join(_CUT_OF.format(table=table) for table in EXPIRING)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


async def with_gone(url: str, found: Found) -> Found:
    """What there is, and what there was until its end."""
    sessions = defaultdict(set, {account: {*tokens} for account, tokens in found.sessions.items()})
    connection = await asyncpg.connect(url)
    try:
        for row in await connection.fetch("SELECT account_id, token_hash FROM gone_sessions"):
            sessions[row["account_id"]].add(row["token_hash"].hex())
        letters = Counter(
            row["recipient"].removeprefix("+86")
            for row in await connection.fetch(
                "SELECT recipient FROM gone_letters WHERE purpose = 'register'"
            )
        )
    finally:
        await connection.close()
    return replace(
        found,
        sessions={account: frozenset(tokens) for account, tokens in sessions.items()},
        letters=letters + Counter(found.letters),
    )
