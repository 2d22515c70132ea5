"""Pictures of people."""

from dataclasses import dataclass, field

from hufu.actions.deps import Deps
from hufu.actions.names import open_profile
from hufu.actions.permissions import lock_own
from hufu.actions.rewards import Due, reward
from hufu.domain.permissions import Caller
from hufu.domain.rewards import Deed
from hufu.services import randomness
from hufu.storage.work import Work

RANDOM_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class SetAvatar:
    """Show this picture; `data` is whatever the client sent."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AvatarSet:
    """The picture is stored under the name."""

    picture: str


async def set_avatar(deps: Deps, caller: Caller, cmd: SetAvatar) -> AvatarSet:
    """Store the picture, drawn anew, in place of the old one. Raises ImageUnacceptable.

    Where nobody knows whether the profile names it both stay: a picture that no profile names does
    no harm, and goes with the account.
    """
    clean = await deps.images.clean(cmd.data)
    picture = await deps.uploads.store(
        caller.account_id,
        int(deps.now().timestamp()),
        randomness.text(randomness.LOWER, RANDOM_CHARACTERS),
        clean,
    )
    work: Work | None = None
    try:
        async with deps.begin() as work:
            now = deps.now()
            await lock_own(work, caller)
            profile = await open_profile(deps, work, caller.account_id)
            await work.profiles.save(caller.account_id, deps.app.name, {"avatar": picture}, now)
            await reward(deps, work, Due(caller.account_id, Deed.AVATAR_SET))
            await work.commit()
    except BaseException:
        if work is None or not work.may_last:
            await deps.uploads.remove(picture)
        raise
    if profile.avatar is not None:
        await deps.uploads.remove(profile.avatar)
    return AvatarSet(picture)
