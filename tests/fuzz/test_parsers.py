"""The targets of `make fuzz` on their own, without the fuzzer."""

import importlib.util
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import parsers
import run
from hufu.services.emails import parse_email
from parsers import TARGETS

ACCEPTED = {
    "body": "parse",
    "phone": "parse_phone",
    "email": "parse_email",
    "picture": "decode_base64",
    "cookies": "read_cookie",
    "forwarded_for": "client_address",
}
"""Where each target finds its parser."""

every_target = pytest.mark.parametrize("name", TARGETS)


@every_target
def test_it_stands_what_it_begins_with(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


@every_target
@given(data=st.data())
def test_it_stands_what_is_near(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(TARGETS[name].seeds))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(seed))] * 2)))
    TARGETS[name].run(seed[:start] + data.draw(st.binary(max_size=8)) + seed[end:])


@pytest.mark.parametrize("name", ACCEPTED)
def test_it_sees_a_parser_that_breaks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise IndexError

    monkeypatch.setattr(parsers, ACCEPTED[name], broken)
    with pytest.raises(IndexError):
        TARGETS[name].run(TARGETS[name].seeds[0])


def test_it_sees_an_address_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsers, "parse_email", lambda raw: parse_email(f"x{raw}"))
    with pytest.raises(AssertionError):
        TARGETS["email"].run(b"anna@126.com")


def test_without_a_fuzzer_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["run.py", "phone"])
    assert run.main() == 0
    assert capsys.readouterr().out == f"{run.NO_ATHERIS}\n"
