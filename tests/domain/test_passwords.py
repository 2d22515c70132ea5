"""What may be a password, and which clients open the same account."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.errors import PasswordUnfit
from hufu.domain.passwords import MAX_LENGTH, Password, PasswordPolicy, Scheme, keyed

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts)
def test_both_kinds_of_client_make_the_same_of_a_password(text: str) -> None:
    digest = hashlib.md5(text.encode()).hexdigest()
    typed = Password.typed(text).material(Scheme.MD5)
    assert Password.digested(digest).material(Scheme.MD5) == typed
    assert Password.digested(digest.upper()).material(Scheme.MD5) == typed


@given(texts)
def test_a_digest_typed_as_a_password_is_another_password(text: str) -> None:
    digest = hashlib.md5(text.encode()).hexdigest()
    for scheme in Scheme:
        assert Password.typed(digest).material(scheme) != Password.typed(text).material(scheme)


def test_who_knows_only_the_digest_makes_no_plain_verifier() -> None:
    assert Password.digested("0" * 32).material(Scheme.PLAIN) is None


@given(texts, texts)
def test_the_schemes_never_make_the_same(one: str, other: str) -> None:
    plain, digested = (
        Password.typed(one).material(Scheme.PLAIN),
        Password.typed(other).material(Scheme.MD5),
    )
    assert plain != digested


def test_the_material_is_keyed() -> None:
    assert keyed(b"material", b"one") != keyed(b"material", b"two")
    assert len(keyed(b"material", b"one")) == 32


@given(st.integers(1, 20), st.integers(0, 150))
def test_length_is_counted_in_code_points(shortest: int, length: int) -> None:
    policy = PasswordPolicy(shortest)
    if shortest <= length <= MAX_LENGTH:
        policy.check(Password.typed("密" * length))
    else:
        with pytest.raises(PasswordUnfit):
            policy.check(Password.typed("密" * length))


def test_a_blocked_password_is_refused_in_either_form() -> None:
    digest = hashlib.md5(b"password").hexdigest()
    policy = PasswordPolicy(6, frozenset({digest}))
    for password in (Password.typed("password"), Password.digested(digest.upper())):
        with pytest.raises(PasswordUnfit):
            policy.check(password)
    policy.check(Password.typed("password!"))


def test_nothing_is_no_password_even_when_only_its_digest_is_known() -> None:
    with pytest.raises(PasswordUnfit):
        PasswordPolicy().check(Password.digested(hashlib.md5(b"").hexdigest()))


def test_no_secret_is_shown() -> None:
    assert "secret" not in repr(Password.typed("secret"))
    assert Password.typed("secret").md5 not in repr(Password.typed("secret"))
