"""Binding identifiers and unbinding them: the code comes back."""

from dialects.fomo.steps import (
    EMAIL,
    NEW,
    OTHER_EMAIL,
    OTHER_PHONE,
    OWN,
    UNKNOWN_ID,
    WRONG_CODE,
    begun,
    binding,
    bound,
    bound_both,
    call,
    case,
    completion,
    guessed_out,
    member,
    registered,
    unbinding,
)
from dialects.requests import Request
from dialects.sampling import Stage

TAKEN = {"phone": "15", "email": "16"}


async def pending(stage: Stage, verb: str) -> tuple[str, int, str]:
    """A session, the reference of its pending step and the step's code."""
    if verb == "unbind":
        session = await bound_both(stage, "email")
        return session, await unbinding(stage, session, "email"), await stage.code(EMAIL)
    session = await member(stage)
    return session, await binding(stage, session, "email", EMAIL), await stage.code(EMAIL)


def accepted(verb: str) -> None:
    row = f"customer/{verb}_completed"

    @case(row, "ok")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage, verb)
        return completion(verb, session, code, reference)

    @case(row, "ok-spelt-rightly")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage, verb)
        return call(f"{verb}_completed", session_key=session, verify_code=code, verify_id=reference)

    @case(row, "0-two-references")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage, verb)
        return call(
            f"{verb}_completed",
            session_key=session,
            verify_code=code,
            verfify_id=reference,
            verify_id=UNKNOWN_ID,
        )


def refused(verb: str) -> None:
    row = f"customer/{verb}_completed"

    @case(row, "105-wrong-code")
    async def _(stage: Stage) -> Request:
        session, reference, _ = await pending(stage, verb)
        return completion(verb, session, WRONG_CODE, reference)

    @case(row, "106-late")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage, verb)
        stage.advance(minutes=10)
        return completion(verb, session, code, reference)

    @case(row, "106-guessed-out")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage, verb)
        await guessed_out(stage, completion(verb, session, WRONG_CODE, reference))
        return completion(verb, session, code, reference)

    @case(row, "106-used")
    async def _(stage: Stage) -> Request:
        session, reference, code = await pending(stage, verb)
        await stage.do(completion(verb, session, code, reference))
        return completion(verb, session, code, reference)

    @case(row, "107-unknown")
    async def _(stage: Stage) -> Request:
        session, _, code = await pending(stage, verb)
        return completion(verb, session, code, UNKNOWN_ID)

    @case(row, "107-of-another")
    async def _(stage: Stage) -> Request:
        _, reference, code = await pending(stage, verb)
        return completion(verb, await member(stage, OTHER_PHONE), code, reference)


for each in ("bind", "unbind"):
    accepted(each)
    refused(each)


def of_kind(kind: str) -> None:
    @case("customer/bind_completed", f"ok-{kind}")
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        reference = await binding(stage, session, kind, NEW[kind])
        return completion("bind", session, await stage.code(NEW[kind]), reference)

    @case("customer/unbind_completed", f"ok-{kind}")
    async def _(stage: Stage) -> Request:
        session = await bound_both(stage, kind)
        reference = await unbinding(stage, session, kind)
        return completion("unbind", session, await stage.code(NEW[kind]), reference)

    @case("customer/unbind_completed", f"54-last-{kind}")
    async def _(stage: Stage) -> Request:
        session = await bound_both(stage, kind)
        reference, code = await unbinding(stage, session, kind), await stage.code(NEW[kind])
        other = {"email": "phone", "phone": "email"}[kind]
        others = await unbinding(stage, session, other)
        await stage.do(completion("unbind", session, await stage.code(OWN[kind]), others))
        return completion("unbind", session, code, reference)


def taken_meanwhile(kind: str) -> None:
    name = f"{TAKEN[kind]}-taken-meanwhile"

    @case("customer/bind_completed", name)
    async def _(stage: Stage) -> Request:
        session = await member(stage, OWN[kind])
        reference = await binding(stage, session, kind, NEW[kind])
        code = await stage.code(NEW[kind])
        await registered(stage, NEW[kind])
        return completion("bind", session, code, reference)

    @case("customer/complete_register", name)
    async def _(stage: Stage) -> Request:
        references, code = await begun(stage, NEW[kind]), await stage.code(NEW[kind])
        await bound(stage, await member(stage, OWN[kind]), kind, NEW[kind])
        return call("complete_register", verify_code=code, **references)


for each in ("email", "phone"):
    of_kind(each)
    taken_meanwhile(each)


@case("customer/bind_completed", "108-bound-meanwhile")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    reference = await binding(stage, session, "email", EMAIL)
    code = await stage.code(EMAIL)
    await bound(stage, session, "email", OTHER_EMAIL)
    return completion("bind", session, code, reference)


@case("customer/unbind_completed", "107-code-of-binding")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    reference = await binding(stage, session, "email", EMAIL)
    return completion("unbind", session, await stage.code(EMAIL), reference)


@case("customer/unbind_completed", "106-newer-code")
async def _(stage: Stage) -> Request:
    session = await bound_both(stage, "email")
    reference, code = await unbinding(stage, session, "email"), await stage.code(EMAIL)
    await unbinding(stage, session, "email")
    return completion("unbind", session, code, reference)
