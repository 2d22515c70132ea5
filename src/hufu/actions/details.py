"""A company's details: a profile, a person's identity and an inviter, changed as one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hufu.actions.deps import Deps
from hufu.actions.identity_numbers import open_identity, record_identity, unseal_identity
from hufu.actions.invitations import phone_of_inviter, record_inviter
from hufu.actions.names import open_profile
from hufu.actions.permissions import lock_own
from hufu.domain.identity_numbers import SealedIdentity
from hufu.domain.permissions import Caller, Client, Role
from hufu.domain.profiles import Profile
from hufu.domain.values import value
from hufu.storage.work import Work


@value
class ReadDetails:
    """Show me my company's details."""

    client: Client


@value
class Details:
    """A company's details; `inviter_phone` (E.164) is another person's number."""

    profile: Profile
    identity_number: str | None = field(repr=False)
    inviter_phone: str | None = field(repr=False)


def shown_details(_: Deps, caller: Caller) -> Details | None:
    """The same, where it was read together with the session and holds no identity number, whose
    reading is recorded."""
    found = caller.details
    if found is None or found.identity is not None:
        return None
    return Details(found.profile, None, found.inviter_phone)


async def read_details(deps: Deps, caller: Caller, cmd: ReadDetails) -> Details:
    """The caller's details in the app."""
    if (shown := shown_details(deps, caller)) is not None:
        return shown
    if (found := caller.details) is not None:
        sealed = found.identity
        identity = sealed and await unseal_identity(deps, sealed, caller.account_id, cmd.client)
        return Details(found.profile, identity.number if identity else None, found.inviter_phone)
    async with deps.begin() as work:
        profile = await open_profile(deps, work, caller.account_id)
        identity = await open_identity(deps, work, caller.account_id, cmd.client)
        phone = await phone_of_inviter(work, caller.account_id)
        await work.commit()
    return Details(profile, identity.number if identity else None, phone)


@dataclass(frozen=True, slots=True)
class CheckDetails:
    """Ask whether the details are complete."""


@dataclass(frozen=True, slots=True)
class DetailsChecked:
    """Whether the details are complete, and what the account is in the app."""

    account_id: int
    complete: bool
    role: Role


async def check_details(deps: Deps, caller: Caller, _: CheckDetails) -> DetailsChecked:
    """Whether company, address, person and identity number are all on record."""
    if (found := caller.details) is not None:
        return _judged(caller, found.profile, found.identity)
    async with deps.begin() as work:
        checked = await _checked(deps, work, caller)
        await work.commit()
    return checked


async def _checked(deps: Deps, work: Work, caller: Caller) -> DetailsChecked:
    profile = await open_profile(deps, work, caller.account_id)
    identity = await work.identity_numbers.find(caller.account_id, deps.app.name)
    return _judged(caller, profile, identity)


def _judged(caller: Caller, profile: Profile, identity: SealedIdentity | None) -> DetailsChecked:
    filled = (profile.organisation, profile.organisation_address, profile.person_name, identity)
    return DetailsChecked(caller.account_id, all(filled), caller.role)


@dataclass(frozen=True, slots=True)
class SetDetails:
    """Change the fields named; None leaves number and inviter as they are."""

    changes: Mapping[str, object]
    identity_number: str | None = field(repr=False)
    inviter_id: int | None


async def set_details(deps: Deps, caller: Caller, cmd: SetDetails) -> DetailsChecked:
    """Change all or nothing. Raises IdentityNumberMalformed, IdentityNumberSet,
    IdentityNumberTaken, InviterRefused, InviterSet."""
    async with deps.begin() as work:
        own = await lock_own(work, caller)
        await open_profile(deps, work, caller.account_id)
        if cmd.changes:
            await work.profiles.save(caller.account_id, deps.app.name, cmd.changes, deps.now())
        if cmd.identity_number is not None:
            await record_identity(
                deps, work, caller.account_id, "", cmd.identity_number, replace_unverified=True
            )
        if cmd.inviter_id is not None:
            await record_inviter(deps, work, own, cmd.inviter_id)
        checked = await _checked(deps, work, caller)
        await work.commit()
    return checked
