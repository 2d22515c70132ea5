"""Captchas: readable by a person, and cheap."""

import asyncio
import secrets
from collections.abc import Iterator
from io import BytesIO

import captcha.image
import pytest
from PIL import Image

from hufu.services.captcha import ALPHABET, HEIGHT, LENGTH, WIDTH, CaptchaPainter, draw_text


@pytest.fixture
def painter() -> Iterator[CaptchaPainter]:
    painter = CaptchaPainter()
    yield painter
    painter.close()


def test_a_text_is_four_characters_that_were_chosen() -> None:
    chosen = iter("A7KP")
    assert draw_text(lambda _: next(chosen)) == "A7KP"
    assert {len(draw_text(secrets.choice)) for _ in range(50)} == {LENGTH}
    assert LENGTH == 4


@pytest.mark.parametrize("alike", ["0ODQ", "1I", "2Z", "5S", "6G", "8B", "UV"])
def test_at_most_one_of_characters_that_look_alike_is_drawn(alike: str) -> None:
    assert len(set(alike) & set(ALPHABET)) <= 1
    assert not set("0O1I") & set(ALPHABET)


def test_the_alphabet_is_upper_case_without_repetition() -> None:
    assert ALPHABET.upper() == ALPHABET
    assert len(set(ALPHABET)) == len(ALPHABET) >= 20
    assert ALPHABET.isascii()
    assert ALPHABET.isalnum()


async def test_a_picture_is_a_small_jpeg(painter: CaptchaPainter) -> None:
    data = await painter.paint("AC3X")
    picture = Image.open(BytesIO(data))
    assert (picture.format, picture.size) == ("JPEG", (WIDTH, HEIGHT)) == ("JPEG", (200, 75))
    assert len(data) < 10_000


async def test_no_two_pictures_of_a_text_are_the_same(painter: CaptchaPainter) -> None:
    pictures = await asyncio.gather(*(painter.paint("AC3X") for _ in range(10)))
    assert len(set(pictures)) == 10


async def test_the_text_is_dark_on_light_paper(painter: CaptchaPainter) -> None:
    for text in ("LLLL", "7777", "TTTT", "JJJJ", "WMWM"):  # The thinnest and the widest.
        gray = Image.open(BytesIO(await painter.paint(text))).convert("L")
        levels = gray.histogram()
        assert sum(levels[:150]) > 500
        assert sum(levels[215:]) > WIDTH * HEIGHT / 2


async def test_fonts_are_loaded_once(
    painter: CaptchaPainter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(captcha.image, "truetype")
    assert await painter.paint("AC3X")
