"""Display names and handles."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hufu.actions.deps import Deps
from hufu.actions.permissions import lock_active, lock_own
from hufu.actions.rewards import Due, reward
from hufu.domain.errors import HandleTaken, NameTaken
from hufu.domain.events import EventKind
from hufu.domain.names import default_name, name_key
from hufu.domain.permissions import Caller
from hufu.domain.profiles import Profile
from hufu.domain.rewards import Deed
from hufu.services import randomness
from hufu.storage.work import Work

RESERVED_FOR = timedelta(days=90)
"""How long an abandoned handle stays reserved for its old owner."""

DEFAULT_HANDLE = "fm_"
RANDOM_CHARACTERS = 6
RANDOM_HANDLE_CHARACTERS = 5


def random_name() -> str:
    """A display name for somebody who chose none."""
    return default_name(randomness.text(randomness.UPPER, RANDOM_CHARACTERS))


def random_handle() -> str:
    """A handle for somebody who chose none."""
    return DEFAULT_HANDLE + randomness.text(randomness.UPPER, RANDOM_HANDLE_CHARACTERS)


async def open_profile(deps: Deps, work: Work, account_id: int, name: str | None = None) -> Profile:
    """The account's profile in the app, made on its first visit.

    Without a `name`, or where it is taken, a random one is given: a name never shows a phone
    number or an address that its owner did not choose to show. Raises SessionDead where an
    account that has no profile yet was closed meanwhile.
    """
    app, now = deps.app, deps.now()
    profile = await work.profiles.find(account_id, app.name)
    if profile is None:
        await lock_active(work, account_id)
    while profile is None:
        name = name or random_name()
        key = name_key(name) if app.unique_names else None
        await work.profiles.claim(account_id, app.name, name, key, now)
        profile = await work.profiles.find(account_id, app.name)
        name = None
    return profile


async def open_handle(deps: Deps, work: Work, account_id: int) -> str:
    """The account's handle in the app; a random one is given where it has none."""
    if handle := await work.handles.find(account_id, deps.app.name):
        return handle
    await lock_active(work, account_id)  # Another first visit may be giving it one.
    while (handle := await work.handles.find(account_id, deps.app.name)) is None:
        await _claim(deps, work, account_id, random_handle(), deps.now())
    return handle


async def _is_free(deps: Deps, work: Work, account_id: int, shown: str, now: datetime) -> bool:
    return await work.handles.is_free(deps.app.name, shown.lower(), account_id, now - RESERVED_FOR)


async def _claim(deps: Deps, work: Work, account_id: int, shown: str, now: datetime) -> bool:
    return await work.handles.claim(
        deps.app.name, shown.lower(), shown, account_id, now - RESERVED_FOR
    )


@dataclass(frozen=True, slots=True)
class SetHandle:
    """Choose a handle; `handle` was checked for its form."""

    handle: str


@dataclass(frozen=True, slots=True)
class HandleSet:
    """The account has the handle now."""

    account_id: int
    handle: str


async def set_handle(deps: Deps, caller: Caller, cmd: SetHandle) -> HandleSet:
    """Take a handle nobody else has, giving up the old one. Raises HandleTaken."""
    async with deps.begin() as work:
        now = deps.now()
        await lock_own(work, caller)
        # Before the old one is given up: two who each want what the other has wait for nobody.
        if not await _is_free(deps, work, caller.account_id, cmd.handle, now):
            raise HandleTaken
        await work.handles.release(caller.account_id, deps.app.name, now)
        if not await _claim(deps, work, caller.account_id, cmd.handle, now):
            raise HandleTaken
        await work.events.add(
            EventKind.HANDLE_SET, now, app=deps.app.name, account_id=caller.account_id
        )
        await reward(deps, work, Due(caller.account_id, Deed.HANDLE_SET))
        await work.commit()
    return HandleSet(caller.account_id, cmd.handle)


@dataclass(frozen=True, slots=True)
class ReadName:
    """Show me my display name."""


def shown_name(_: Deps, caller: Caller) -> str | None:
    """The same, where it was read together with the session."""
    return caller.name


async def read_name(deps: Deps, caller: Caller, _: ReadName) -> str:
    """The display name of the caller in the app."""
    if (name := shown_name(deps, caller)) is not None:
        return name
    async with deps.begin() as work:
        profile = await open_profile(deps, work, caller.account_id)
        await work.commit()  # A first visit leaves a profile behind.
    return profile.name


@dataclass(frozen=True, slots=True)
class SetName:
    """Choose a display name; `name` was checked for its form."""

    name: str


@dataclass(frozen=True, slots=True)
class NameSet:
    """The account shows the name now."""

    name: str


async def set_name(deps: Deps, caller: Caller, cmd: SetName) -> NameSet:
    """Change the display name. Raises NameTaken where names are unique and another has it."""
    async with deps.begin() as work:
        await lock_own(work, caller)
        await open_profile(deps, work, caller.account_id)
        await rename(deps, work, caller.account_id, cmd.name)
        await work.commit()
    return NameSet(cmd.name)


async def rename(deps: Deps, work: Work, account_id: int, name: str) -> None:
    """Change the display name within a larger step. Raises NameTaken."""
    key = name_key(name) if deps.app.unique_names else None
    if not await work.profiles.claim_name(account_id, deps.app.name, name, key, deps.now()):
        raise NameTaken
