"""Captchas: four characters in a picture that a person can read."""

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from typing import Final

from captcha.image import ImageCaptcha, random_color

from hufu.services.overload import BoundedThreads
from hufu.services.pressure import Patience

# Without 0 O D Q, 1 I, 2 Z, 5 S, 6 G, 8 B and U V, which people take for one another.
ALPHABET: Final = "ACEFHJKLMNPRTWXY3479"
LENGTH: Final = 4
WIDTH: Final = 200  # pixels
HEIGHT: Final = 75
_DARKEST, _BRIGHTEST = 40, 120  # of a text's red, green and blue; the paper's begin at 238
_OPAQUE = 255


def draw_text(choose: Callable[[Sequence[str]], str]) -> str:
    """A new text; `choose` picks one character and must be unpredictable."""
    return "".join(choose(ALPHABET) for _ in range(LENGTH))


class _LegibleCaptcha(ImageCaptcha):
    """The library's picture with dark, opaque characters that hardly overlap."""

    # Brightness to opacity of a character's pixels: the library's own table makes dark ones faint.
    lookup_table = [min(_OPAQUE, level * _OPAQUE // _DARKEST) for level in range(256)]  # noqa: RUF012
    character_rotate = (-25, 25)  # degrees
    word_offset_dx = 0.1


class CaptchaPainter:
    """Paints captchas in a thread, some 2 ms each."""

    def __init__(self, *, threads: int = 1, waiting: int = 100) -> None:
        self._library = _LegibleCaptcha(WIDTH, HEIGHT)
        self._library.truefonts  # noqa: B018  # The property loads the fonts when first read.
        self._threads = BoundedThreads("captcha", threads=threads, patience=Patience(waiting))

    async def paint(self, text: str) -> bytes:
        """The text as a JPEG of 200 x 75 pixels, different every time. Raises Overloaded."""
        return await self._threads.run(partial(self._paint, text))

    @property
    def threads(self) -> BoundedThreads:
        """What does the work."""
        return self._threads

    def close(self) -> None:
        """Drop what waits and wait for what runs."""
        self._threads.close()

    def _paint(self, text: str) -> bytes:
        ink = random_color(_DARKEST, _BRIGHTEST, _OPAQUE)
        picture: BytesIO = self._library.generate(text, format="jpeg", fg_color=ink)
        return picture.getvalue()
