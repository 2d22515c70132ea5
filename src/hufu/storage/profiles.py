"""Profiles, one per account and app."""

from collections.abc import Mapping
from datetime import datetime
from struct import Struct

import asyncpg

from hufu.domain.profiles import Profile, Sex
from hufu.storage.instants import packed
from hufu.storage.rows import Rows

COLUMNS = frozenset(
    {
        "sex",
        "zip",
        "province",
        "city",
        "address",
        "country",
        "avatar",
        "logo_url",
        "organisation",
        "organisation_address",
        "person_name",
        "qq",
    }
)
"""What `save` may change; names have methods of their own."""


_FACTS = (
    "p.account_id, p.name, p.sex, p.zip, p.province, p.city, p.address, p.country, p.avatar, "
    "p.logo_url, p.organisation, p.organisation_address, p.person_name, p.qq"
)
_TIMES = packed("p.created_at", "p.updated_at", "p.signed_in_at")
PROFILE = f"{_FACTS}, {_TIMES} AS times"
"""What a profile `p` is made of, with its times at the end for `read_times`."""

read_times = Struct(">3q").unpack


def profile_of(row: asyncpg.Record) -> Profile:
    """The profile in a row that has its columns."""
    created_at, updated_at, signed_in_at = read_times(row["times"])
    return Profile(
        account_id=row["account_id"],
        name=row["name"],
        sex=Sex(row["sex"]),
        zip=row["zip"],
        province=row["province"],
        city=row["city"],
        address=row["address"],
        country=row["country"],
        avatar=row["avatar"],
        logo_url=row["logo_url"],
        organisation=row["organisation"],
        organisation_address=row["organisation_address"],
        person_name=row["person_name"],
        qq=row["qq"],
        created_at=created_at,
        updated_at=updated_at,
        signed_in_at=signed_in_at,
    )


class Profiles(Rows):
    """The rows of `profiles`."""

    __slots__ = ()

    async def claim(
        self, account_id: int, app: str, name: str, name_key: str | None, now: datetime
    ) -> bool:
        """Open the profile under a name; False when there is one, or the name is taken."""
        row = await self._connection.fetchrow(
            "INSERT INTO profiles (account_id, app, name, name_key, sex, created_at, updated_at, "
            "signed_in_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $6) "
            "ON CONFLICT DO NOTHING RETURNING account_id",
            account_id,
            app,
            name,
            name_key,
            Sex.UNDISCLOSED,
            now,
        )
        return row is not None

    async def find(self, account_id: int, app: str) -> Profile | None:
        """The account's profile in the app, if it was ever there."""
        row = await self._connection.fetchrow(
            f"SELECT {PROFILE} FROM profiles AS p WHERE account_id = $1 AND app = $2",  # noqa: S608
            account_id,
            app,
        )
        return profile_of(row) if row else None

    async def save(
        self, account_id: int, app: str, changes: Mapping[str, object], now: datetime
    ) -> None:
        """Change the fields named; a name outside COLUMNS is a mistake in the program."""
        if not changes.keys() <= COLUMNS:
            raise KeyError(*(changes.keys() - COLUMNS))
        sets = "".join(f", {column} = ${n}" for n, column in enumerate(changes, start=4))
        await self._connection.execute(
            f"UPDATE profiles SET updated_at = $3{sets} WHERE account_id = $1 AND app = $2",  # noqa: S608
            account_id,
            app,
            now,
            *changes.values(),
        )

    async def claim_name(
        self, account_id: int, app: str, name: str, name_key: str | None, now: datetime
    ) -> bool:
        """Rename; False when another account of the app has the name.

        It is looked for before anything is written: two who each want what the other has would
        wait for one another.
        """
        try:
            row = await self._connection.fetchrow(
                "UPDATE profiles SET name = $3, name_key = $4, updated_at = $5 "
                "WHERE account_id = $1 AND app = $2 AND NOT EXISTS ("
                "SELECT FROM profiles AS o WHERE o.app = $2 AND o.name_key = $4 "
                "AND o.account_id <> $1) RETURNING account_id",
                account_id,
                app,
                name,
                name_key,
                now,
            )
        except asyncpg.UniqueViolationError:
            return False  # Another took it at this moment.
        return row is not None

    async def delete_all(self, account_id: int) -> None:
        """Forget what every app knows of the account."""
        await self._connection.execute("DELETE FROM profiles WHERE account_id = $1", account_id)

    async def avatars_of(self, account_id: int) -> list[str]:
        """The names of the account's stored pictures."""
        rows = await self._connection.fetch(
            "SELECT avatar FROM profiles WHERE account_id = $1 AND avatar IS NOT NULL", account_id
        )
        return [row["avatar"] for row in rows]
