"""Defences that several attacks have to get past, taken out."""

from dataclasses import replace
from typing import Any

import pytest

from hufu.actions import sessions, sign_up
from hufu.actions.deps import Deps
from hufu.domain.sessions import Presented


def every_app_is_believed(patch: pytest.MonkeyPatch) -> None:
    """What somebody calls their address in one app is their address in all."""
    create_account = sign_up.create_account

    async def believed(*arguments: Any, **more: Any) -> int:
        return await create_account(*arguments, **{**more, "scope": "", "verified": True})

    patch.setattr(sign_up, "create_account", believed)


def sessions_of_any_app(patch: pytest.MonkeyPatch) -> None:
    """A session counts in every app."""
    proves = sessions.proves

    def believed(deps: Deps, found: Presented, *more: Any) -> bool:
        return proves(deps, replace(found, app=deps.app.name), *more)

    patch.setattr(sessions, "proves", believed)
    patch.setattr("hufu.actions.introspection.proves", believed)
