"""Rows whose end is long past.

They are found by going through the pages of their tables, a few in each statement. An index on when
each row ends would be written on every request, and the pages are read about once an hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from hufu.domain.retention import Perishable
from hufu.domain.sending import NOTICE_LIFE
from hufu.storage.rows import Rows

# Of a letter that was neither sent nor given up, because no worker has its app any more.
_USELESS = f"coalesce(expires_at, created_at + interval '{NOTICE_LIFE.total_seconds()} seconds')"

_ENDED: Mapping[Perishable, str] = MappingProxyType(
    {
        Perishable.SESSIONS: "LEAST(expires_at, seen_at + idle) <= $3",
        Perishable.CODES: "expires_at <= $3",
        Perishable.REGISTRATIONS: "expires_at <= $3",
        Perishable.GRANTS: "expires_at <= $3",
        Perishable.CAPTCHAS: "expires_at <= $3",
        Perishable.OUTBOX: (f"coalesce(sent_at, failed_at, greatest({_USELESS}, due_at)) <= $3"),
        Perishable.LIMITS: "NOT EXISTS (SELECT FROM unnest(hits) AS hit WHERE hit > $3)",
        Perishable.SENDING: "slot <= $3",
        Perishable.DEVICES: "seen_at <= $3",
        Perishable.ALARMS: "raised_at <= $3",
    }
)


@dataclass(frozen=True, slots=True)
class Pages:
    """Some pages of a table: from the `first` on, below the `end`."""

    first: int
    end: int


def _within(kind: Perishable) -> str:
    return f"FROM {kind} WHERE ctid >= $1::tid AND ctid < $2::tid AND {_ENDED[kind]}"


_COUNT = {kind: f"SELECT count(*) {_within(kind)}" for kind in Perishable}

# What somebody holds is in use, or goes next time. Whatever is locked here is waited for nowhere.
_CLAIM = {
    kind: f"DELETE FROM {kind} WHERE ctid = ANY(ARRAY("  # noqa: S608
    f"SELECT ctid {_within(kind)} FOR UPDATE SKIP LOCKED))"
    for kind in Perishable
}


class Leftovers(Rows):
    """What is left in the tables of what has ended."""

    __slots__ = ()

    async def pages(self, kind: Perishable) -> int:
        """How many pages the table has."""
        pages: int = await self._connection.fetchval(
            "SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::bigint",
            kind,
        )
        return pages

    async def count(self, kind: Perishable, pages: Pages, until: datetime) -> int:
        """How many on those pages had ended by then."""
        ended: int = await self._connection.fetchval(
            _COUNT[kind], (pages.first, 0), (pages.end, 0), until
        )
        return ended

    async def claim(self, kind: Perishable, pages: Pages, until: datetime) -> int:
        """Delete what on those pages had ended by then, but for what somebody holds; how many."""
        status = await self._connection.execute(
            _CLAIM[kind], (pages.first, 0), (pages.end, 0), until
        )
        return int(status.rpartition(" ")[2])
