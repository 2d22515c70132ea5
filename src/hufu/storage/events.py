"""The audit trail."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from hufu.domain.events import EventKind
from hufu.storage.rows import Rows


class Happened(NamedTuple):
    """An event without facts beyond these."""

    at: datetime
    app: str
    account_id: int
    kind: EventKind
    network: str | None


class Events(Rows):
    """The rows of `events`; they are only ever added."""

    __slots__ = ()

    async def add(
        self,
        kind: EventKind,
        now: datetime,
        *,
        app: str | None = None,
        account_id: int | None = None,
        network: str | None = None,
        **facts: str | int,
    ) -> None:
        """Record what happened. Facts never hold a secret, a code or a full phone number."""
        await self._connection.execute(
            "INSERT INTO events (at, app, account_id, kind, network, facts) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            now,
            app,
            account_id,
            kind,
            network,
            json.dumps(facts),
        )

    async def add_all(self, happened: Sequence[Happened]) -> None:
        """Record what happened to several accounts."""
        await self._connection.execute(
            "INSERT INTO events (at, app, account_id, kind, network, facts) "
            "SELECT *, '{}' FROM unnest($1::timestamptz[], $2::text[], $3::int[], $4::text[], "
            "$5::text[])",
            *([*column] for column in zip(*happened, strict=True)),
        )

    async def of(self, account_id: int, most: int) -> list[tuple[datetime, str | None, str, str]]:
        """The newest events of the account: time, app, kind, facts as JSON."""
        rows = await self._connection.fetch(
            "SELECT at, app, kind, facts FROM events WHERE account_id = $1 "
            "ORDER BY id DESC LIMIT $2",
            account_id,
            most,
        )
        return [(row["at"], row["app"], row["kind"], row["facts"]) for row in rows]
