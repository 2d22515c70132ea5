"""Keys in their versions, and what is sealed and digested with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.services.keys import Digester, KeyMalformed, Keyring, SealBroken, Sealer

OLD = Keyring.fresh()
NEW = Keyring.fresh().replace("1:", "2:", 1)
BOTH = Keyring.parse(f"{OLD} {NEW}")
FIRST, SECOND = Keyring.parse(OLD), Keyring.parse(NEW)


@given(st.text(), st.text())
def test_what_was_sealed_opens_in_its_context(text: str, context: str) -> None:
    assert Sealer(FIRST).open(Sealer(FIRST).seal(text, context), context) == text


def test_nothing_is_sealed_alike_twice() -> None:
    sealer = Sealer(FIRST)
    assert len({sealer.seal("123456", "letter") for _ in range(100)}) == 100


def test_it_opens_in_no_other_context() -> None:
    with pytest.raises(SealBroken):
        Sealer(FIRST).open(Sealer(FIRST).seal("123456", "letter 1"), "letter 2")


def test_a_change_anywhere_is_noticed() -> None:
    sealed = Sealer(FIRST).seal("123456", "letter")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(SealBroken):
            Sealer(FIRST).open(bytes(changed), "letter")


@pytest.mark.parametrize("length", [0, 1, 13, 14, 20])
def test_what_is_cut_short_is_noticed(length: int) -> None:
    with pytest.raises(SealBroken):
        Sealer(FIRST).open(Sealer(FIRST).seal("123456", "letter")[:length], "letter")


def test_the_newest_key_seals_and_the_older_still_opens() -> None:
    old = Sealer(FIRST).seal("123456", "letter")
    assert Sealer(BOTH).open(old, "letter") == "123456"
    new = Sealer(BOTH).seal("123456", "letter")
    assert Sealer(SECOND).open(new, "letter") == "123456"
    with pytest.raises(SealBroken):
        Sealer(FIRST).open(new, "letter")
    with pytest.raises(SealBroken):
        Sealer(SECOND).open(old, "letter")


def test_a_digest_is_known_under_the_key_that_made_it() -> None:
    old = Digester(FIRST).digest("123456")
    assert Digester(BOTH).matches("123456", old)
    assert not Digester(BOTH).matches("123457", old)
    assert not Digester(SECOND).matches("123456", old)
    assert Digester(SECOND).matches("123456", Digester(BOTH).digest("123456"))


def test_the_next_key_opens_and_is_not_used_yet() -> None:
    prepared = Keyring.parse(f"{OLD} {NEW}:next")
    assert (prepared.current, prepared.coming, prepared.past) == (1, 2, [])
    assert Sealer(prepared).open(Sealer(BOTH).seal("123456", "letter"), "letter") == "123456"
    assert Sealer(FIRST).open(Sealer(prepared).seal("123456", "letter"), "letter") == "123456"
    assert Digester(prepared).matches("123456", Digester(BOTH).digest("123456"))
    assert Digester(FIRST).matches("123456", Digester(prepared).digest("123456"))
    assert Keyring.parse(f"{OLD} {NEW}:next").derive("letters").current == 1
    assert (BOTH.current, BOTH.coming, BOTH.past) == (2, None, [1])


@pytest.mark.parametrize(
    "text",
    [f"{OLD}:next", f"{OLD}:next {NEW}", f"{OLD}:next {NEW}:next", f"{OLD} {NEW}:soon"],
    ids=["nothing but", "a lower one", "both", "another word"],
)
def test_a_next_key_is_one_above_those_in_use(text: str) -> None:
    with pytest.raises(KeyMalformed):
        Keyring.parse(text)


def test_a_stamped_digest_tells_its_key_but_for_the_first() -> None:
    bare, stamped = Digester(FIRST).stamped("1"), Digester(BOTH).stamped("1")
    assert (len(bare), len(stamped), stamped[32:]) == (32, 34, b"\x00\x02")
    for digest in (bare, stamped):
        assert Digester(BOTH).matches("1", digest)
        assert not Digester(BOTH).matches("2", digest)


def test_a_message_has_a_digest_under_every_key() -> None:
    first, second = Digester(FIRST).digest("1"), Digester(SECOND).digest("1")
    assert Digester(BOTH).digests("1") == [first, second]


def test_a_key_is_for_one_use() -> None:
    codes, letters = (Digester(FIRST.derive(use)).digest("1") for use in ("codes", "letters"))
    assert codes != letters != Digester(FIRST).digest("1")


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1:abc", "1:AAAA", f"0:{OLD[2:]}", f"x:{OLD[2:]}", f"{OLD} {OLD}", OLD[2:]],
    ids=["none", "no version", "no base64", "short", "version 0", "version x", "twice", "bare"],
)
def test_what_is_no_key_is_refused_unquoted(text: str) -> None:
    with pytest.raises(KeyMalformed) as refused:
        Keyring.parse(text)
    assert not text or text not in str(refused.value)


def test_no_key_is_shown() -> None:
    assert OLD[2:] not in repr(FIRST)
    assert repr(FIRST.keys[1]) not in repr(FIRST)
