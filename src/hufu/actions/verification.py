"""Checking a code against what was sent."""

from collections.abc import Awaitable, Callable

from hufu.actions.deps import Deps
from hufu.domain.errors import CodeExhausted, CodeExpired, CodeWrong, Refusal
from hufu.domain.identifiers import Identifier
from hufu.domain.limits import Limit
from hufu.domain.verification import Code, Purpose
from hufu.storage.work import Work

REGISTER_OR_RECOVER = (Purpose.REGISTER, Purpose.RECOVER)
"""Where a client asks for a code without saying why, the state of the number decides what it is
for. Whoever knows the digits may be told that state, though the code opens nothing else."""


async def confirm(
    deps: Deps, find: Callable[[Work], Awaitable[Code | None]], digits: str, absent: Refusal
) -> Code:
    """The code that `find` locks, after a right guess at it.

    The guess is counted, and the count committed, before anything is compared; the caller spends
    the code by `claim` in the transaction of what it opens. Raises `absent` where there is no such
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
        subject = f"{code.purpose}:{code.identifier.kind}:{code.identifier.key}"
        caps = deps.limits.caps(Limit.CODE_GUESSES)
        if not await work.limits.claim(Limit.CODE_GUESSES, subject, caps, now):
            raise CodeExhausted
        await work.codes.save_guesses(code)
        await work.commit()
    if not deps.secrets.codes.matches(f"{code.id}:{digits}", code.digest):
        raise CodeWrong
    return code


async def confirm_newest(
    deps: Deps,
    purposes: tuple[Purpose, ...],
    identifier: Identifier,
    digits: str,
    binding: str = "",
) -> Code:
    """The newest code sent to the identifier, where the wire carries no reference to it."""

    async def find(work: Work) -> Code | None:
        return await work.codes.lock_newest(
            deps.app.pool, deps.app.name, purposes, identifier, binding
        )

    return await confirm(deps, find, digits, CodeExpired())
