from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.wire.cookies import SameSite, clear_cookie, cookie_name, read_cookie, set_cookie
from hufu.wire.headers import Headers

cookie_values = st.from_regex(r"[!#-+\--:<-\[\]-~]+", fullmatch=True)


def headers(*lines: bytes) -> Headers:
    return Headers([(b"host", b"x"), *((b"cookie", line) for line in lines)])


class TestRead:
    @pytest.mark.parametrize(
        "lines",
        [
            (b"s=abc",),
            (b"a=1; s=abc; b=2",),
            (b"a=1;s=abc;",),
            (b"a=1", b"s=abc"),
            (b' x ; ="; ; s=abc ;\xff',),
            (b"S=no; ss=no; s =abc",),
            (b"s=abc; s=abc",),
        ],
    )
    def test_finds_the_cookie(self, lines: tuple[bytes, ...]) -> None:
        assert read_cookie(headers(*lines), "s") == "abc"

    @pytest.mark.parametrize(
        "lines",
        [
            (),
            (b"",),
            (b"s",),
            (b"s=",),
            (b"a=s=abc",),
            (b's="abc"',),
            (b"s=a c",),
            (b"s=a,c",),
            (b"s=a\\c",),
            (b"s=\xe4",),
            (b"s=a\0",),
            (b"s=abc; s=abd",),
            (b"s=abc", b"s=abd"),
            (b"s=abc; s=",),
            (b"__Host-s=abc",),
        ],
    )
    def test_finds_none(self, lines: tuple[bytes, ...]) -> None:
        assert read_cookie(headers(*lines), "s") is None

    def test_only_the_cookie_header_counts(self) -> None:
        assert read_cookie(Headers([(b"x-cookie", b"s=abc")]), "s") is None

    @given(cookie_values)
    def test_reads_back_what_was_set(self, value: str) -> None:
        _, line = set_cookie("s", value, path="/", secure=True, max_age=None)
        assert read_cookie(headers(line.partition(b"; ")[0]), "s") == value

    @given(st.lists(st.binary() | st.binary().map(b"s=".__add__)))
    def test_anything_is_a_clean_value_or_none(self, lines: list[bytes]) -> None:
        value = read_cookie(headers(*lines), "s")
        if value is not None:
            assert value
            assert value.isascii()
            assert not set(value) & set(' ";,\\\r\n\0')


class TestSet:
    def test_all_attributes(self) -> None:
        assert set_cookie("s", "abc", path="/rental", secure=True, max_age=60) == (
            b"set-cookie",
            b"s=abc; Path=/rental; SameSite=Lax; Max-Age=60; HttpOnly; Secure",
        )

    def test_few_attributes(self) -> None:
        assert set_cookie(
            "s", "abc", path="/", secure=False, http_only=False, same_site="Strict", max_age=None
        ) == (b"set-cookie", b"s=abc; Path=/; SameSite=Strict")

    def test_the_standard_library_reads_it(self) -> None:
        _, line = set_cookie("s", "abc", path="/rental", secure=True, max_age=60)
        morsel = SimpleCookie(line.decode())["s"]
        assert (morsel.value, morsel["path"], morsel["max-age"]) == ("abc", "/rental", "60")
        assert morsel["secure"] is True
        assert morsel["httponly"] is True

    @pytest.mark.parametrize(
        ("name", "value", "path", "secure", "same_site"),
        [
            ("", "v", "/", True, "Lax"),
            ("a b", "v", "/", True, "Lax"),
            ("a=b", "v", "/", True, "Lax"),
            ("s", "a;b", "/", True, "Lax"),
            ("s", "a\r\nX: y", "/", True, "Lax"),
            ("s", "a\n", "/", True, "Lax"),
            ("s", "ä", "/", True, "Lax"),
            ("s", "v", "", True, "Lax"),
            ("s", "v", "rental", True, "Lax"),
            ("s", "v", "/;Domain=x", True, "Lax"),
            ("s", "v", "/\n", True, "Lax"),
            ("s", "v", "/", False, "None"),
            ("__Host-s", "v", "/", False, "Lax"),
            ("__Host-s", "v", "/a", True, "Lax"),
        ],
    )
    def test_refuses_what_browsers_would_not_keep(
        self, name: str, value: str, path: str, secure: bool, same_site: SameSite
    ) -> None:
        with pytest.raises(ValueError, match="cookie"):
            set_cookie(name, value, path=path, secure=secure, same_site=same_site, max_age=None)


def test_clearing_empties_and_expires_it() -> None:
    _, line = clear_cookie("__Host-s", path="/", secure=True)
    assert line.split(b"; ") == [
        b"__Host-s=",
        b"Path=/",
        b"SameSite=Lax",
        b"Max-Age=0",
        b"Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"HttpOnly",
        b"Secure",
    ]


@pytest.mark.parametrize(
    ("path", "secure", "name"),
    [("/", True, "__Host-s"), ("/rental", True, "s"), ("/", False, "s"), ("/rental", False, "s")],
)
def test_the_prefix_is_taken_where_it_is_allowed(path: str, secure: bool, name: str) -> None:
    assert cookie_name("s", path, secure) == name
    set_cookie(name, "v", path=path, secure=secure, max_age=None)
