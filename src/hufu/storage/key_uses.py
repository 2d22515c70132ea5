"""How many rows there are that need a key, by the key's version."""

from dataclasses import dataclass
from datetime import datetime

from hufu.storage.rows import Rows

_SEALED_WITH = "get_byte(sealed, 0) * 256 + get_byte(sealed, 1)"

# A bare digest is the first version's.
_DIGESTED_WITH = """
    CASE WHEN length(digest) = 32 THEN 1 ELSE get_byte(digest, 32) * 256 + get_byte(digest, 33) END
"""

_OF_PEPPER = f"""
SELECT CASE purpose WHEN 'payment' THEN 'payment passwords' ELSE 'passwords' END,
    pepper_version, count(*) FROM passwords GROUP BY 1, 2
UNION ALL SELECT 'registrations', pepper_version, count(*) FROM registrations
    WHERE voided_at IS NULL AND account_id IS NULL AND expires_at > $1 GROUP BY 2
UNION ALL SELECT 'codes', {_DIGESTED_WITH}, count(*) FROM codes
    WHERE voided_at IS NULL AND spent_at IS NULL AND expires_at > $1 GROUP BY 2
UNION ALL SELECT 'messages', {_SEALED_WITH}, count(*) FROM outbox
    WHERE sent_at IS NULL AND failed_at IS NULL GROUP BY 2
UNION ALL SELECT 'captchas', {_SEALED_WITH}, count(*) FROM captchas
    WHERE spent_at IS NULL AND expires_at > $1 GROUP BY 2
ORDER BY 2, 1
"""  # noqa: S608

_OF_IDENTITY_KEY = f"""
SELECT 'identity numbers', {_SEALED_WITH}, count(*) FROM identity_numbers GROUP BY 2 ORDER BY 2
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class KeyUse:
    """So many rows of a kind need the key of that version."""

    kind: str
    version: int
    rows: int


class KeyUses(Rows):
    """Counts over every table in which something is keyed, which are read from end to end."""

    __slots__ = ()

    async def of_pepper(self, now: datetime) -> list[KeyUse]:
        """What needs a pepper: what is live of it, for the rest is never opened again."""
        return [KeyUse(*row) for row in await self._connection.fetch(_OF_PEPPER, now)]

    async def of_identity_key(self) -> list[KeyUse]:
        """What needs an identity key."""
        return [KeyUse(*row) for row in await self._connection.fetch(_OF_IDENTITY_KEY)]
