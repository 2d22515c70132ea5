"""Binding identifiers and unbinding them."""

from dialects.failing import failing_provider
from dialects.fomo.steps import (
    EMAIL,
    ONE_MESSAGE,
    OTHER_EMAIL,
    OTHER_PHONE,
    PHONE,
    UNKNOWN_ID,
    WRONG_CODE,
    begun,
    binding,
    bound,
    call,
    case,
    granted,
    guessed_out,
    member,
    registered,
    unbinding,
)
from dialects.requests import Request
from dialects.sampling import Stage

NEW = {"email": EMAIL, "phone": PHONE}
OTHERS = {"email": OTHER_EMAIL, "phone": OTHER_PHONE}
OWN = {"email": PHONE, "phone": EMAIL}
"""What an account is registered with, to which the other kind is bound."""


def binding_cases(kind: str, malformed: str, taken: str) -> None:
    row = f"customer/bind_{kind}"

    def bind(session: str, value: str) -> Request:
        return call(f"bind_{kind}", session_key=session, **{kind: value})

    @case(row, "ok")
    async def _(stage: Stage) -> Request:
        return bind(await member(stage, OWN[kind]), NEW[kind])

    @case(row, "ok-old-session-after-recovery")
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        stage.advance(minutes=16)
        await granted(stage, OWN[kind])
        return bind(session, NEW[kind])

    @case(row, "0-limit", settings=ONE_MESSAGE)
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        await begun(stage, NEW[kind])
        return bind(session, NEW[kind])

    @case(row, "2-old-session")
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        stage.advance(minutes=16)
        return bind(session, NEW[kind])

    @case(row, "5-provider")
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        failing_provider(stage)
        return bind(session, NEW[kind])

    @case(row, f"{malformed}-malformed")
    async def _(stage: Stage) -> Request:
        return bind(await member(stage, OWN[kind]), "hudf_zh_fl")

    @case(row, f"{taken}-taken")
    async def _(stage: Stage) -> Request:
        await registered(stage, OTHERS[kind])
        return bind(await member(stage, OWN[kind]), OTHERS[kind])

    @case(row, "108-bound-already")
    async def _(stage: Stage) -> Request:
        return bind(await member(stage, NEW[kind]), OTHERS[kind])

    @case("customer/bind_completed", f"ok-{kind}")
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        reference = await binding(stage, session, kind, NEW[kind])
        return completed("bind", session, await stage.code(NEW[kind]), reference)

    @case("customer/bind_completed", f"{taken}-taken-meanwhile")
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        reference = await binding(stage, session, kind, NEW[kind])
        code = await stage.code(NEW[kind])
        await registered(stage, NEW[kind])
        return completed("bind", session, code, reference)


def completed(verb: str, session: str, code: str, reference: int) -> Request:
    """Present a code with its reference."""
    return call(f"{verb}_completed", session_key=session, verify_code=code, verfify_id=reference)


def unbinding_cases(kind: str) -> None:
    row = f"customer/unbind_{kind}"

    async def bound_twice(stage: Stage) -> str:
        session = await member(stage, OWN[kind])
        await bound(stage, session, kind, NEW[kind])
        return session

    @case(row, "ok")
    async def _(stage: Stage) -> Request:
        return call(f"unbind_{kind}", session_key=await bound_twice(stage))

    @case(row, "0-limit", settings=ONE_MESSAGE)
    async def _(stage: Stage) -> Request:
        return call(f"unbind_{kind}", session_key=await bound_twice(stage))

    @case(row, "2-old-session")
    async def _(stage: Stage) -> Request:
        session = await bound_twice(stage)
        stage.advance(minutes=16)
        return call(f"unbind_{kind}", session_key=session)

    @case(row, "5-provider")
    async def _(stage: Stage) -> Request:
        session = await bound_twice(stage)
        failing_provider(stage)
        return call(f"unbind_{kind}", session_key=session)

    @case(row, "54-last")
    async def _(stage: Stage) -> Request:
        return call(f"unbind_{kind}", session_key=await member(stage, NEW[kind]))

    @case(row, "109-not-bound")
    async def _(stage: Stage) -> Request:
        return call(f"unbind_{kind}", session_key=await member(stage, OWN[kind]))

    @case("customer/unbind_completed", f"ok-{kind}")
    async def _(stage: Stage) -> Request:
        session = await bound_twice(stage)
        reference = await unbinding(stage, session, kind)
        return completed("unbind", session, await stage.code(NEW[kind]), reference)

    @case("customer/unbind_completed", f"54-last-{kind}")
    async def _(stage: Stage) -> Request:
        session = await bound_twice(stage)
        other = {"email": "phone", "phone": "email"}[kind]
        reference, code = await unbinding(stage, session, kind), await stage.code(NEW[kind])
        others = await unbinding(stage, session, other)
        await stage.do(completed("unbind", session, await stage.code(OWN[kind]), others))
        return completed("unbind", session, code, reference)


binding_cases("email", malformed="14", taken="16")
binding_cases("phone", malformed="13", taken="15")
unbinding_cases("email")
unbinding_cases("phone")


def completion_cases(verb: str) -> None:
    row = f"customer/{verb}_completed"

    async def pending(stage: Stage) -> tuple[str, int, str]:
        """A session, the reference of its pending step and the step's code."""
        session = await member(stage)
        if verb == "unbind":
            await bound(stage, session)
            return session, await unbinding(stage, session, "email"), await stage.code(EMAIL)
        return session, await binding(stage, session, "email", EMAIL), await stage.code(EMAIL)

    @case(row, "ok")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage)
        return completed(verb, session, code, reference)

    @case(row, "ok-spelt-rightly")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage)
        return call(f"{verb}_completed", session_key=session, verify_code=code, verify_id=reference)

    @case(row, "0-two-references")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage)
        return call(
            f"{verb}_completed",
            session_key=session,
            verify_code=code,
            verfify_id=reference,
            verify_id=UNKNOWN_ID,
        )

    @case(row, "105-wrong-code")
    async def _(stage: Stage) -> Request:
        session, reference, _ = await pending(stage)
        return completed(verb, session, WRONG_CODE, reference)

    @case(row, "106-late")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage)
        stage.advance(minutes=10)
        return completed(verb, session, code, reference)

    @case(row, "106-guessed-out")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage)
        await guessed_out(stage, completed(verb, session, WRONG_CODE, reference))
        return completed(verb, session, code, reference)

    @case(row, "106-used")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage)
        await stage.do(completed(verb, session, code, reference))
        return completed(verb, session, code, reference)

    @case(row, "107-unknown")
    async def _(stage: Stage) -> Request:
        session, _, code = await pending(stage)
        return completed(verb, session, code, UNKNOWN_ID)

    @case(row, "107-of-another")
    async def _(stage: Stage) -> Request:
        _, reference, code = await pending(stage)
        return completed(verb, await member(stage, OTHER_PHONE), code, reference)


completion_cases("bind")
completion_cases("unbind")


@case("customer/unbind_completed", "107-code-of-binding")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    reference = await binding(stage, session, "email", EMAIL)
    return completed("unbind", session, await stage.code(EMAIL), reference)
