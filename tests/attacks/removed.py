"""Defences that several attacks have to get past, taken out."""

from typing import Any

import pytest

from hufu.actions import sign_up
from hufu.storage.sessions import Sessions


def every_app_is_believed(patch: pytest.MonkeyPatch) -> None:
    """What somebody calls their address in one app is their address in all."""
    create_account = sign_up.create_account

    async def believed(*arguments: Any, **more: Any) -> int:
        return await create_account(*arguments, **{**more, "scope": "", "verified": True})

    patch.setattr(sign_up, "create_account", believed)


def sessions_of_any_app(patch: pytest.MonkeyPatch) -> None:
    """A session counts in every app."""
    find = Sessions.find

    async def found(self: Sessions, _: str, token_hash: bytes) -> Any:
        app = await self._connection.fetchval(
            "SELECT app FROM sessions WHERE token_hash = $1", token_hash
        )
        return await find(self, app or "", token_hash)

    patch.setattr(Sessions, "find", found)
