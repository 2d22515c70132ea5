"""When codes, sessions, captchas, registrations and grants die; who may recover and invite."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.accounts import Account, AccountState
from hufu.domain.captchas import Captcha
from hufu.domain.errors import (
    AccountBarred,
    AccountUnknown,
    CaptchaExpired,
    CaptchaWrong,
    ChallengeUnknown,
    CodeExhausted,
    CodeExpired,
)
from hufu.domain.identifiers import BoundIdentifier, Identifier, IdentifierKind
from hufu.domain.invitations import may_invite
from hufu.domain.passwords import Scheme, Verifier
from hufu.domain.recovery import may_recover
from hufu.domain.registrations import Registration
from hufu.domain.sessions import RECENT, Session, SignInMethod
from hufu.domain.verification import MAX_GUESSES, Code, Purpose

NOW = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
PHONE = Identifier(IdentifierKind.PHONE, "+8613390633695", "+8613390633695")
CODE = Code(
    id=1,
    app="app",
    purpose=Purpose.REGISTER,
    identifier=PHONE,
    binding="",
    account_id=None,
    digest=b"",
    guesses=0,
    sent_at=NOW,
    expires_at=NOW + timedelta(minutes=5),
    spent=False,
    voided=False,
)
SESSION = Session(
    id=UUID(int=1),
    account_id=1,
    app="app",
    method=SignInMethod.PASSWORD,
    device=None,
    network=None,
    user_agent="",
    created_at=NOW,
    seen_at=NOW,
    idle=timedelta(days=7),
    expires_at=NOW + timedelta(days=30),
)
spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60))


@given(st.integers(1, 10), st.integers(0, 30))
def test_a_code_evaluates_so_many_guesses_and_no_more(allowed: int, attempts: int) -> None:
    code, evaluated = CODE, 0
    for _ in range(attempts):
        code, refusal = code.guess(NOW, allowed)
        evaluated += refusal is None
    assert evaluated == min(attempts, allowed) == code.guesses


def test_a_code_allows_five_guesses() -> None:
    code = replace(CODE, guesses=MAX_GUESSES)
    assert isinstance(code.guess(NOW)[1], CodeExhausted)
    assert replace(CODE, guesses=4).guess(NOW)[1] is None


@given(spans)
def test_a_code_lives_as_long_as_its_life_and_not_a_moment_longer(age: timedelta) -> None:
    code, refusal = CODE.guess(NOW + age)
    assert (refusal is None) == (age < timedelta(minutes=5))
    assert code.guesses == (refusal is None)


def test_a_voided_code_is_dead_and_says_so_like_an_expired_one() -> None:
    assert type(replace(CODE, voided=True).guess(NOW)[1]) is CodeExpired


@given(spans, spans)
def test_a_session_dies_idle_or_old(seen: timedelta, now: timedelta) -> None:
    session = replace(SESSION, seen_at=NOW + seen)
    alive = now < timedelta(days=30) and now - seen < timedelta(days=7)
    assert session.live(NOW + now) == alive


@given(spans)
def test_a_sign_in_is_recent_for_a_quarter_of_an_hour(age: timedelta) -> None:
    assert SESSION.recent(NOW + age) == (age <= RECENT)


@given(st.text(max_size=8), spans)
def test_a_captcha_wants_its_text_in_time(text: str, age: timedelta) -> None:
    captcha = Captcha("c", "AB7K", NOW + timedelta(minutes=2))
    refusal = captcha.answer(text, NOW + age)
    if age >= timedelta(minutes=2):
        assert isinstance(refusal, CaptchaExpired)
    else:
        assert (refusal is None) == (text.casefold() == "ab7k")
    assert isinstance(captcha.answer("AB7X", NOW), CaptchaWrong)
    assert captcha.answer("ab7k", NOW) is None


@given(spans, st.booleans())
def test_a_registration_waits_its_life_unless_a_newer_one_came(
    age: timedelta, voided: bool
) -> None:
    verifier = Verifier(Scheme.MD5, 1, "")
    life = timedelta(minutes=30)
    pending = Registration(1, "app", 2, PHONE, verifier, NOW + life, voided, None)
    refusal = pending.open(NOW + age)
    assert (refusal is None) == (not voided and age < life)
    assert refusal is None or isinstance(refusal, ChallengeUnknown)


@given(spans, spans, st.integers(0, 3), st.booleans())
def test_a_new_identifier_recovers_nothing_for_a_while_unless_it_is_the_only_one(
    delay: timedelta, age: timedelta, others: int, verified: bool
) -> None:
    bound = BoundIdentifier(1, PHONE, "", verified, NOW)
    allowed = may_recover(bound, others, delay, NOW + age)
    assert allowed == (verified and (others == 0 or age >= delay))


ages = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=2, max_size=8, unique=True
)


@given(ages)
def test_invitations_cannot_go_round(accounts: list[tuple[int, int]]) -> None:
    people = [
        Account(id, "pool", AccountState.ACTIVE, NOW + timedelta(seconds=seconds))
        for seconds, id in accounts
    ]
    for one in people:
        assert not may_invite(one, one.id, one.created_at)
        for other in people:
            both = (
                may_invite(one, other.id, other.created_at),
                may_invite(other, one.id, one.created_at),
            )
            assert sum(both) == (one is not other)
            for third in people:
                if both[0] and may_invite(other, third.id, third.created_at):
                    assert may_invite(one, third.id, third.created_at)


def test_only_an_active_account_invites_and_is_admitted() -> None:
    for state, refusal in (
        (AccountState.ACTIVE, type(None)),
        (AccountState.BARRED, AccountBarred),
        (AccountState.CLOSED, AccountUnknown),
    ):
        account = Account(1, "pool", state, NOW)
        assert type(account.admit()) is refusal
        assert may_invite(account, 2, NOW + timedelta(1)) == (state is AccountState.ACTIVE)
