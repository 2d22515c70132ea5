"""Header fields as they were sent."""

import pytest

from hufu.domain.errors import Malformed
from hufu.wire.headers import Headers

SENT = Headers([(b"a", b"1"), (b"b", b"2"), (b"c", b"3"), (b"b", b"4")])


def test_the_first_of_several_is_first() -> None:
    assert SENT.first(b"b") == b"2"
    assert SENT.first(b"d") is None


def test_all_come_in_order() -> None:
    assert SENT.all(b"b") == [b"2", b"4"]
    assert SENT.all(b"a") == [b"1"]
    assert SENT.all(b"d") == []


def test_what_may_be_sent_once_is_sent_once() -> None:
    assert SENT.sole(b"c") == b"3"
    assert SENT.sole(b"d") is None
    with pytest.raises(Malformed):
        SENT.sole(b"b")


def test_one_field_of_each_name() -> None:
    sent = Headers([(b"a", b"1"), (b"b", b"2")])
    assert (sent.first(b"a"), sent.sole(b"b"), sent.all(b"a")) == (b"1", b"2", [b"1"])
    assert (sent.first(b"d"), sent.sole(b"d"), sent.all(b"d")) == (None, None, [])


def test_several_are_joined_in_order() -> None:
    assert SENT.joined(b"b", b",") == b"2,4"
    assert SENT.joined(b"a", b",") == b"1"
    assert SENT.joined(b"d", b",") == b""
    assert Headers([(b"a", b"1")]).joined(b"a", b",") == b"1"


def test_none_of_those_that_were_sent() -> None:
    assert SENT.none_of(frozenset({b"d", b"e"}))
    assert not SENT.none_of(frozenset({b"d", b"c"}))
