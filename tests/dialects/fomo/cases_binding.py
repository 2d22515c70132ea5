"""Binding identifiers and unbinding them: the first step."""

from dialects.failing import failing_provider
from dialects.fomo.steps import (
    NEW,
    ONE_MESSAGE,
    OTHERS,
    OWN,
    begun,
    bound_both,
    call,
    case,
    granted,
    member,
    registered,
)
from dialects.requests import Request
from dialects.sampling import Stage


def bind(kind: str, session: str, value: str) -> Request:
    """Ask for a code at a new identifier."""
    return call(f"bind_{kind}", session_key=session, **{kind: value})


def binding_cases(kind: str, malformed: str, taken: str) -> None:
    row = f"customer/bind_{kind}"

    @case(row, "ok")
    async def _(stage: Stage) -> Request:
        return bind(kind, await member(stage, OWN[kind]), NEW[kind])

    @case(row, f"{malformed}-malformed")
    async def _(stage: Stage) -> Request:
        return bind(kind, await member(stage, OWN[kind]), "hudf_zh_fl")

    @case(row, f"{taken}-taken")
    async def _(stage: Stage) -> Request:
        await registered(stage, OTHERS[kind])
        return bind(kind, await member(stage, OWN[kind]), OTHERS[kind])

    @case(row, "ok-taken-not-told", settings={"apps.fomo.reveal_unknown_user": False})
    async def _(stage: Stage) -> Request:
        await registered(stage, OTHERS[kind])
        return bind(kind, await member(stage, OWN[kind]), OTHERS[kind])

    @case(row, "108-bound-already")
    async def _(stage: Stage) -> Request:
        return bind(kind, await member(stage, NEW[kind]), OTHERS[kind])

    @case(row, "0-limit", settings=ONE_MESSAGE)
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        await begun(stage, NEW[kind])
        return bind(kind, session, NEW[kind])

    @case(row, "5-provider")
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        failing_provider(stage)
        return bind(kind, session, NEW[kind])


def binding_with_old_session(kind: str) -> None:
    row = f"customer/bind_{kind}"

    @case(row, "2-old-session")
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        stage.advance(minutes=16)
        return bind(kind, session, NEW[kind])

    @case(row, "ok-old-session-after-recovery")
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        stage.advance(minutes=16)
        await granted(stage, OWN[kind])
        return bind(kind, session, NEW[kind])


def unbinding_cases(kind: str) -> None:
    row = f"customer/unbind_{kind}"

    @case(row, "ok")
    async def _(stage: Stage) -> Request:
        return call(f"unbind_{kind}", session_key=await bound_both(stage, kind))

    @case(row, "0-limit", settings=ONE_MESSAGE)
    async def _(stage: Stage) -> Request:
        return call(f"unbind_{kind}", session_key=await bound_both(stage, kind))

    @case(row, "2-old-session")
    async def _(stage: Stage) -> Request:
        session = await bound_both(stage, kind)
        stage.advance(minutes=16)
        return call(f"unbind_{kind}", session_key=session)

    @case(row, "5-provider")
    async def _(stage: Stage) -> Request:
        session = await bound_both(stage, kind)
        failing_provider(stage)
        return call(f"unbind_{kind}", session_key=session)

    @case(row, "54-last")
    async def _(stage: Stage) -> Request:
        return call(f"unbind_{kind}", session_key=await member(stage, NEW[kind]))

    @case(row, "109-not-bound")
    async def _(stage: Stage) -> Request:
        return call(f"unbind_{kind}", session_key=await member(stage, OWN[kind]))


binding_cases("email", malformed="14", taken="16")
binding_cases("phone", malformed="13", taken="15")
for each in ("email", "phone"):
    binding_with_old_session(each)
    unbinding_cases(each)
