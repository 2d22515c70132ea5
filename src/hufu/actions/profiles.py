"""Reading and changing what an app shows of an account."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hufu.actions.deps import Deps
from hufu.actions.identifiers import (
    CompleteBinding,
    CompleteUnbinding,
    complete_binding,
    complete_unbinding,
)
from hufu.actions.names import open_handle, open_profile, rename
from hufu.actions.permissions import lock_own
from hufu.actions.rewards import Due, reward
from hufu.actions.sign_in import LogIn, log_in
from hufu.domain.identifiers import IdentifierKind
from hufu.domain.permissions import Caller
from hufu.domain.profiles import Me
from hufu.domain.rewards import Deed
from hufu.storage.work import Work


async def read_me(deps: Deps, work: Work, account_id: int) -> Me:
    """Everything an app shows its owner."""
    own = {
        bound.identifier.kind: bound.identifier
        for bound in await work.identifiers.of(account_id)
        if bound.verified
    }
    phone = own.get(IdentifierKind.PHONE)
    email = own.get(IdentifierKind.EMAIL)
    return Me(
        account_id,
        await open_handle(deps, work, account_id) if deps.app.handles else None,
        phone.key if phone else None,
        email.shown if email else None,
        await open_profile(deps, work, account_id),
    )


@dataclass(frozen=True, slots=True)
class ReadProfile:
    """Show me myself."""


def shown_profile(deps: Deps, caller: Caller) -> Me | None:
    """The same, where it was read together with the session and is complete."""
    me = caller.me
    return None if me is None or (me.handle is None and deps.app.handles) else me


async def read_profile(deps: Deps, caller: Caller, _: ReadProfile) -> Me:
    """The caller's account as the app shows it."""
    if (me := shown_profile(deps, caller)) is not None:
        return me
    async with deps.begin() as work:
        me = await read_me(deps, work, caller.account_id)
        await work.commit()  # A first visit leaves a profile and a handle behind.
    return me


@dataclass(frozen=True, slots=True)
class SetProfile:
    """Change the fields named, and the display name unless it is None."""

    name: str | None
    changes: Mapping[str, object]


async def set_profile(deps: Deps, caller: Caller, cmd: SetProfile) -> Me:
    """Change all or nothing. Raises NameTaken."""
    async with deps.begin() as work:
        await lock_own(work, caller)
        await open_profile(deps, work, caller.account_id)
        if cmd.name is not None:
            await rename(deps, work, caller.account_id, cmd.name)
        if cmd.changes:
            await work.profiles.save(caller.account_id, deps.app.name, cmd.changes, deps.now())
        me = await read_me(deps, work, caller.account_id)
        if cmd.changes or cmd.name is not None:
            await reward(deps, work, Due(caller.account_id, Deed.PROFILE_SET))
        await work.commit()
    return me


@dataclass(frozen=True, slots=True)
class SignedInAs:
    """A session is open, and this is who it is for."""

    token: str = field(repr=False)
    me: Me


async def log_in_to_profile(deps: Deps, cmd: LogIn) -> SignedInAs:
    """Sign in, and show the account. Raises what `log_in` raises."""
    signed_in = await log_in(deps, cmd)
    account_id, shown = signed_in.account_id, signed_in.shown
    handle = shown.handle
    if handle is None and deps.app.handles:  # A first visit.
        async with deps.begin() as work:
            handle = await open_handle(deps, work, account_id)
            await work.commit()
    me = Me(account_id, handle, shown.phone, shown.email, shown.profile)
    return SignedInAs(signed_in.token, me)


async def bind_to_profile(deps: Deps, caller: Caller, cmd: CompleteBinding) -> Me:
    """Bind an identifier, and show the account. Raises what `complete_binding` raises."""
    await complete_binding(deps, caller, cmd)
    return await read_profile(deps, caller, ReadProfile())


async def unbind_from_profile(deps: Deps, caller: Caller, cmd: CompleteUnbinding) -> Me:
    """Unbind an identifier, and show the account. Raises what `complete_unbinding` raises."""
    await complete_unbinding(deps, caller, cmd)
    return await read_profile(deps, caller, ReadProfile())
