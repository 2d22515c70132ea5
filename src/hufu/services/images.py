"""Pictures from strangers: told apart by their first bytes, decoded once, drawn anew."""

import base64
import re
import struct
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from io import BytesIO
from math import sqrt
from typing import Final

from PIL import Image

from hufu.domain.errors import ImageEncodingMalformed, ImageUnacceptable
from hufu.services.overload import BoundedThreads
from hufu.services.picture_files import (
    JPEG_START,
    PNG_START,
    jpeg_size,
    jpeg_to_draw,
    orientation,
    png_size,
    png_to_draw,
)
from hufu.services.pressure import Patience

MAX_SIDE: Final = 4096  # pixels
MAX_BYTES: Final = 5 * 1024 * 1024  # of the picture drawn anew
JPEG_QUALITY: Final = 88
PNG_COMPRESSION: Final = 5  # At zlib's default of 6 the worst pictures take twice as long.

_DATA_URL = re.compile(r"data:image/(?:png|jpe?g);base64,", re.IGNORECASE | re.ASCII)
_LINE_BREAKS = str.maketrans("", "", "\r\n")

# What Pillow's decoders raise on broken files; its ImageFile counts the same as broken data.
_BROKEN_HEADER = (SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error)
_UNREADABLE = (OSError, *_BROKEN_HEADER)

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PictureKind(StrEnum):
    """The formats accepted; the value is Pillow's name of the format."""

    PNG = "PNG"
    JPEG = "JPEG"

    @property
    def extension(self) -> str:
        """What the names of its files end in."""
        return "png" if self is PictureKind.PNG else "jpg"

    @property
    def content_type(self) -> str:
        """The media type (RFC 6838)."""
        return "image/png" if self is PictureKind.PNG else "image/jpeg"


@dataclass(frozen=True, slots=True)
class Picture:
    """What the header says of a picture; sides in pixels."""

    kind: PictureKind
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A picture drawn anew by this server: nothing in it but pixels."""

    data: bytes
    extension: str
    content_type: str


def decode_base64(text: str) -> bytes:
    """The bytes of a base64 text (RFC 4648, section 4, padded), with or without `data:` prefix.

    Line breaks are dropped as MIME encoders insert them. A space stands for `+`: that is what a
    form decoder makes of a `+` that the client forgot to escape; a text with both is malformed.
    Raises ImageEncodingMalformed.
    """
    prefix = _DATA_URL.match(text)
    body = (text[prefix.end() :] if prefix else text).translate(_LINE_BREAKS)
    if " " in body and "+" in body:
        raise ImageEncodingMalformed("image")
    try:
        data = base64.b64decode(body.replace(" ", "+"), validate=True)
    except ValueError:
        raise ImageEncodingMalformed("image") from None
    if not data:
        raise ImageEncodingMalformed("image")
    return data


def inspect(data: bytes) -> Picture:
    """Kind and size from the header alone, nothing decoded.

    Raises ImageUnacceptable for any other format and any side of 0 or more than 4096 pixels.
    """
    if data.startswith(PNG_START):
        picture = Picture(PictureKind.PNG, *png_size(data))
    elif data.startswith(JPEG_START):
        picture = Picture(PictureKind.JPEG, *jpeg_size(data))
    else:
        raise ImageUnacceptable("image")
    if not (1 <= picture.width <= MAX_SIDE and 1 <= picture.height <= MAX_SIDE):
        raise ImageUnacceptable("image")
    return picture


def clean(data: bytes) -> CleanPicture:
    """The picture drawn anew: upright, without metadata, animation or anything behind its end.

    Blocking, up to seconds. Alpha is kept, 16 bits become 8, CMYK becomes RGB, colour profiles
    are dropped. What would exceed 5 MiB is made smaller until it does not.
    Raises ImageUnacceptable, also for truncated and broken files.
    """
    seen = inspect(data)
    picture = _drawn(data, seen)
    encoded = _encoded(picture, seen.kind)
    while len(encoded) > MAX_BYTES:
        picture = _smaller(picture, 0.9 * sqrt(MAX_BYTES / len(encoded)))
        encoded = _encoded(picture, seen.kind)
    return CleanPicture(encoded, seen.kind.extension, seen.kind.content_type)


def _drawn(data: bytes, seen: Picture) -> Image.Image:
    """The pixels: 8 bits, upright, gray, RGB or RGBA, and no metadata."""
    take_apart = png_to_draw if seen.kind is PictureKind.PNG else jpeg_to_draw
    file, exif = take_apart(data)
    pixels = _eight_bits(_decoded(file, seen.kind))
    turn = _UPRIGHT.get(orientation(exif))
    if turn is not None:
        pixels = pixels.transpose(turn)
    pixels.info = {}
    return pixels


def _decoded(file: bytes, kind: PictureKind) -> Image.Image:
    try:
        picture = Image.open(BytesIO(file), formats=[kind])
        picture.load()
    except _UNREADABLE as error:
        raise ImageUnacceptable("image") from error
    if picture.mode == "P" and picture.palette is None:
        raise ImageUnacceptable("image")
    return picture


def _eight_bits(picture: Image.Image) -> Image.Image:
    if picture.mode == "I;16":
        # The high bytes; convert() would make everything above 255 white.
        return Image.frombytes("L", picture.size, picture.tobytes()[1::2])
    opaque = "L" if picture.mode in {"1", "L"} else "RGB"
    mode = "RGBA" if picture.has_transparency_data else opaque
    return picture if picture.mode == mode else picture.convert(mode)


def _smaller(picture: Image.Image, factor: float) -> Image.Image:
    width, height = (max(1, int(side * factor)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _encoded(picture: Image.Image, kind: PictureKind) -> bytes:
    out = BytesIO()
    if kind is PictureKind.PNG:
        picture.save(out, "PNG", compress_level=PNG_COMPRESSION)
    else:
        picture.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


class Images:
    """Cleans pictures, a few at a time: each may take 250 MB while it is drawn anew."""

    def __init__(self, *, threads: int = 1, waiting: int = 8) -> None:
        self._threads = BoundedThreads(
            "images", threads=threads, patience=Patience(waiting), retry_after=5
        )

    async def clean(self, data: bytes) -> CleanPicture:
        """As `clean`; raises also Overloaded."""
        return await self._threads.run(partial(clean, data))

    @property
    def threads(self) -> BoundedThreads:
        """What does the work."""
        return self._threads

    def close(self) -> None:
        """Drop what waits and wait for what runs."""
        self._threads.close()
