"""Sessions that nobody signed in to open."""

from dataclasses import astuple

from hufu.domain.sessions import Session
from hufu.storage.work import Work


async def add_session(work: Work, session: Session, token_hash: bytes) -> None:
    """Open a session as it is given."""
    await work._connection.execute(
        "INSERT INTO sessions (token_hash, id, account_id, app, method, device, network, "
        "user_agent, created_at, seen_at, idle, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        token_hash,
        *astuple(session),
    )
