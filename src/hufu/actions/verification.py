"""Checking a code against what was sent."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from hufu.actions.deps import Deps
from hufu.domain.errors import CodeExhausted, CodeExpired, CodeWrong, Refusal
from hufu.domain.identifiers import Identifier
from hufu.domain.limits import Limit
from hufu.domain.sending import Used
from hufu.domain.verification import Code, Purpose
from hufu.services.overload import Overloaded, Unavailable
from hufu.storage.loss import DatabaseRefuses
from hufu.storage.work import Work


async def confirm(
    deps: Deps, find: Callable[[Work], Awaitable[Code | None]], digits: str, absent: Refusal
) -> Code:
    """The code that `find` locks, after a right guess at it.

    The guess is counted, and the count committed, before anything is compared; the caller has it
    spent, by `spend`, in the transaction of what it opens. Raises `absent` where there is no such
    code, CodeExpired, CodeExhausted, CodeWrong.
    """
    async with deps.begin() as work:
        now = deps.now()
        code = await find(work)
        if code is None:
            raise absent
        code, refusal = code.guess(now, deps.limits.guesses_per_code)
        if refusal:
            raise refusal
        if not await work.codes.claim_guess(code, deps.limits.caps(Limit.CODE_GUESSES)):
            raise CodeExhausted
        await work.commit()
    if not deps.secrets.codes.matches(f"{code.id}:{digits}", code.digest):
        raise CodeWrong
    return code


async def spend(deps: Deps, work: Work, code: Code) -> None:
    """Spend the code, and have it counted among those that were used. Raises CodeExpired where it
    was spent or voided meanwhile."""
    if not await work.codes.claim(code.id, deps.now()):
        raise CodeExpired
    work.used = Used.of(code)


@asynccontextmanager
async def unless_refused(
    deps: Deps, take_back: Callable[[Work], Awaitable[None]]
) -> AsyncIterator[None]:
    """Meanwhile is written what a right guess opens. Where the database will not do that now, or
    there is no place for a hash, the guess is taken back as well as can be: or else who asks again
    until it can be done would have guessed too often."""
    try:
        yield
    except (DatabaseRefuses, Overloaded):
        with suppress(Unavailable):
            async with deps.look() as work:
                await take_back(work)
        raise


@asynccontextmanager
async def opening(deps: Deps, code: Code) -> AsyncIterator[Work]:
    """A unit of work for what the right code opens, whose guess is taken back where that is
    refused."""

    async with unless_refused(deps, taking_back(code)), deps.begin() as work:
        yield work


def taking_back(code: Code) -> Callable[[Work], Awaitable[None]]:
    """What takes the guess at the code back."""
    return lambda work: work.codes.take_back_guess(code)


async def confirm_newest(deps: Deps, purpose: Purpose, identifier: Identifier, digits: str) -> Code:
    """The newest code sent to the identifier for the purpose, where the wire carries no reference
    to it. Raises what `confirm` raises."""

    async def find(work: Work) -> Code | None:
        return await work.codes.lock_newest(deps.app.pool, deps.app.name, (purpose,), identifier)

    return await confirm(deps, find, digits, CodeExpired())


async def confirm_for_state(deps: Deps, identifier: Identifier, digits: str, binding: str) -> Code:
    """The newest code that was sent for the identifier's state, and with the binding.

    Where a client asks for a code without saying what for, one sent to an unknown identifier
    registers, and one sent to a known one recovers. It dies when the identifier changes its state.
    Raises what `confirm` raises.
    """
    purposes = (Purpose.REGISTER, Purpose.RECOVER)

    async def find(work: Work) -> Code | None:
        code, owner = await work.codes.lock_newest_and_owner(
            deps.app.pool, deps.app.name, purposes, identifier
        )
        alive = code and code.binding == binding and code.account_id == owner
        return code if alive else None

    return await confirm(deps, find, digits, CodeExpired())
