"""What a request says before its body, and who has to look at it."""

from collections.abc import Callable

import pytest

from hufu.dialects.rental import DIALECT
from hufu.dialects.rental.messages import guard
from hufu.domain.errors import Refusal
from hufu.wire.dialect import BROWSERS, Head
from hufu.wire.headers import Headers

[CHECK_LOGIN] = [each for each in DIALECT.endpoints if each.path == "api/check_login"]


class Noting(Headers):
    """Notes what is asked for."""

    __slots__ = ("asked",)

    def __init__(self, *fields: tuple[bytes, bytes]) -> None:
        super().__init__(fields)
        self.asked: set[bytes] = set()

    def first(self, name: bytes) -> bytes | None:
        self.asked.add(name)
        return super().first(name)


@pytest.mark.parametrize(
    "looks",
    [
        lambda head: head.cross_site,
        lambda head: head.ahead_of_need,
        lambda head: head.says_nothing or guard(head, CHECK_LOGIN),
    ],
)
def test_who_says_nothing_says_nothing_that_is_looked_at(looks: Callable[[Head], object]) -> None:
    """What browsers say is only looked at where one of these fields is there."""
    headers = Noting((b"purpose", b"something"))
    looks(Head("GET", headers, frozenset(), None))
    assert headers.asked
    assert headers.asked <= BROWSERS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"origin", b"https://elsewhere.example"),
        (b"sec-fetch-site", b"cross-site"),
        (b"sec-fetch-dest", b"image"),
        (b"sec-purpose", b"prefetch"),
        (b"purpose", b"prefetch"),
        (b"x-moz", b"prefetch"),
    ],
)
def test_each_of_them_can_refuse(field: bytes, value: bytes) -> None:
    head = Head("GET", Headers([(field, value)]), frozenset(), None)
    assert field in BROWSERS
    with pytest.raises(Refusal):
        guard(head, CHECK_LOGIN)


def test_an_apps_own_client_is_let_in() -> None:
    guard(Head("GET", Headers([(b"host", b"id.example.com")]), frozenset(), None), CHECK_LOGIN)
