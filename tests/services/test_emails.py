"""E-mail addresses: one mailbox, one key; only what could receive mail."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.errors import EmailMalformed
from hufu.domain.identifiers import IdentifierKind
from hufu.services.emails import parse_email


@pytest.mark.parametrize(
    "spelling",
    [
        "abc@126.com",
        "ABC@126.COM",
        " Abc@126.com\n",
        "ａｂｃ＠１２６．ｃｏｍ",
        "abc@126。com",
        "\u3000abc＠126.com",
    ],
)
def test_spellings_of_one_address(spelling: str) -> None:
    email = parse_email(spelling)
    assert email.kind is IdentifierKind.EMAIL
    assert email.key == "abc@126.com"


def test_mail_goes_to_the_spelling_typed() -> None:
    email = parse_email("John.Doe+News@EXAMPLE.com")
    assert (email.key, email.shown) == ("john.doe+news@example.com", "John.Doe+News@example.com")


@pytest.mark.parametrize(
    "domain", ["bücher.example.com", "BÜCHER.example.com", "xn--bcher-kva.example.com"]
)
def test_domains_are_kept_in_their_ascii_form(domain: str) -> None:
    email = parse_email(f"Joe@{domain}")
    assert email.shown == "Joe@xn--bcher-kva.example.com"
    assert email.key == "joe@xn--bcher-kva.example.com"


@pytest.mark.parametrize(
    "raw",
    [
        "a@example.com",
        "a@example.org",
        "o'brien@mail.example.co.uk",
        "x_y-z%w=1@a-b.example.com",
        "123@qq.com",
        f"{'a' * 64}@example.com",
        "user@例子.广告",
    ],
)
def test_real_addresses_pass(raw: str) -> None:
    assert parse_email(raw).key.isascii()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "@",
        "a@",
        "@example.com",
        "a",
        "13390633695",
        "a@b@example.com",
        "a b@example.com",
        "a@exa mple.com",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a@example",
        "a@example..com",
        "a@-example.com",
        "a@example.com.",
        "a@example_x.com",
        "a@localhost",
        "a@example.test",
        "a@printer.local",
        "a@example.invalid",
        "a@127.0.0.1",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        '"a b"@example.com',
        '"a"@example.com',
        "Joe <a@example.com>",
        "<a@example.com>",
        "mailto:a@example.com",
        "a@example.com,b@example.com",
        "a@example.com\nBcc: b@example.com",
        "a@example.com\x00",
        "a\u202e@example.com",
        "a@example.com\u200b",
        "用户@example.com",
        "аbc@example.com",  # Cyrillic а
        "a\u0301@example.com",
        "\u017f@example.com",
        "\ud800@example.com",
        f"{'a' * 65}@example.com",
        f"a@{'b' * 64}.com",
        "a@" + "b." * 126 + "com",
        "a" * 5000 + "@example.com",
        "a@" + "b" * 60000,
    ],
)
def test_what_is_no_address_is_refused(raw: str) -> None:
    with pytest.raises(EmailMalformed):
        parse_email(raw)


def test_look_alike_domains_are_other_addresses_and_show_it() -> None:
    assert parse_email("a@exаmple.com").shown.startswith("a@xn--")  # Cyrillic а


def test_addresses_reach_to_254_characters() -> None:
    domain = ".".join(["b" * 61] * 3 + ["com"])
    longest = "a" * (254 - len(domain) - 1) + "@" + domain
    assert parse_email(longest).key == longest
    with pytest.raises(EmailMalformed):
        parse_email("a" + longest)


def test_a_refusal_does_not_quote_the_address() -> None:
    with pytest.raises(EmailMalformed) as raised:
        parse_email("secret..name@example.com")
    assert "secret" not in f"{raised.value!r} {raised.value.args} {vars(raised.value)}"
    assert raised.value.__context__ is None


@given(
    st.text(string.ascii_letters + string.digits + "_+-", min_size=1, max_size=20),
    st.sampled_from(
        ["example.com", "Example.ORG", "bücher.example.com", "例子.广告", "xn--fsqu00a.com"]
    ),
)
def test_parsing_is_idempotent_and_blind_to_case(local: str, domain: str) -> None:
    email = parse_email(f"{local}@{domain}")
    assert parse_email(email.shown) == email
    assert parse_email(email.key).key == email.key
    assert parse_email(f"{local.swapcase()}@{domain.upper()}").key == email.key


@given(st.text(st.characters() | st.sampled_from("@@..-＠。aB1"), max_size=30))
def test_any_text_is_read_or_refused(raw: str) -> None:
    try:
        email = parse_email(raw)
    except EmailMalformed:
        return
    assert email.key == email.shown.lower()
    assert email.key.isascii()
    assert parse_email(email.shown) == email
