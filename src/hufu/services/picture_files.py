"""PNG and JPEG files taken apart without decoding: their size, and what is needed to draw them.

PNG: ISO/IEC 15948. JPEG: ITU-T T.81, annex B. Every function raises ImageUnacceptable for a file
that breaks its format.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from hufu.domain.errors import ImageUnacceptable

PNG_START: Final = b"\x89PNG\r\n\x1a\n"
JPEG_START: Final = b"\xff\xd8"
# 5 MB of progressive JPEG can hold 100,000 scans of 4096 x 4096 pixels, 6 ms of work each (report
# LJT-01-003 on libjpeg-turbo). Encoders write about 10.
MAX_SCANS: Final = 64
MAX_SEGMENTS: Final = 2000

_PNG_DRAWN = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_IHDR = struct.Struct(">I4sII")

_JPEG_END = b"\xff\xd9"
# 0xFF before 0x00 is data, before 0xFF padding, before 0xD0 to 0xD7 a restart.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_FRAME = struct.Struct(">5xHH")
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive
_SCAN = 0xDA
# Huffman and quantization tables, restart interval, and the two that tell the colour space.
_JPEG_DRAWN = _FRAMES | {0xC4, 0xDB, 0xDD, 0xE0, 0xEE, _SCAN}
_APP1 = 0xE1
_EXIF = b"Exif\0\0"

_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION, _SHORT = 0x0112, 3


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    try:
        length, name, width, height = _IHDR.unpack_from(data, len(PNG_START))
    except struct.error:
        raise ImageUnacceptable("image") from None
    if (length, name) != (13, b"IHDR"):
        raise ImageUnacceptable("image")
    return width, height


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    for marker, start, _, _ in _segments(data):
        if marker in _FRAMES and start + _FRAME.size <= len(data):
            height, width = _FRAME.unpack_from(data, start)
            return width, height
        if marker == _SCAN:
            break
    raise ImageUnacceptable("image")


def png_to_draw(data: bytes) -> tuple[bytes, bytes]:
    """The file without text, profiles, animation and trailer; and its EXIF block, if any."""
    kept, exif = [PNG_START], b""
    for name, start, end in _chunks(data):
        if name == b"IHDR" and len(kept) > 1:
            raise ImageUnacceptable("image")
        if name in _PNG_DRAWN:
            if zlib.crc32(data[start + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
                raise ImageUnacceptable("image")
            kept.append(data[start:end])
        elif name == b"eXIf":
            exif = data[start + 8 : end - 4]
    return b"".join(kept), exif


def jpeg_to_draw(data: bytes) -> tuple[bytes, bytes]:
    """The file without comments, profiles, thumbnails and trailer; and its EXIF block, if any."""
    kept, exif, frames, scans = [JPEG_START], b"", 0, 0
    for marker, start, end, following in _segments(data):
        frames += marker in _FRAMES
        scans += marker == _SCAN
        if marker in _JPEG_DRAWN:
            kept.append(data[start : following if marker == _SCAN else end])
        elif marker == _APP1 and data.startswith(_EXIF, start + 4):
            exif = exif or data[start + 4 + len(_EXIF) : end]
    if frames != 1 or scans > MAX_SCANS:
        raise ImageUnacceptable("image")
    return b"".join((*kept, _JPEG_END)), exif


def orientation(exif: bytes) -> int:
    """How the camera was held, 1 (upright) to 8, by EXIF 2.3, 4.6.4; 1 when it does not say."""
    order = _BYTE_ORDERS.get(exif[:4])
    if order is None:
        return 1
    entry = struct.Struct(order + "HHIH2x")
    try:
        (directory,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, directory)
        for index in range(count):
            tag, kind, _, value = entry.unpack_from(exif, directory + 2 + index * entry.size)
            if (tag, kind) == (_ORIENTATION, _SHORT):
                return int(value)
    except struct.error:
        return 1
    return 1


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk, up to the one that ends the image."""
    position, name = len(PNG_START), b""
    while name != b"IEND":
        head = data[position : position + 8]
        name, end = head[4:], position + 12 + int.from_bytes(head[:4], "big")
        if end > len(data):
            raise ImageUnacceptable("image")
        yield name, position, end
        position = end


def _segments(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Each marker, where it stands, where its segment ends and where the next marker stands."""
    found = _JPEG_MARKER.search(data, len(JPEG_START))
    for _ in range(MAX_SEGMENTS):
        if found is None:
            break
        if found[0] == _JPEG_END:
            return
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        end = found.end() + max(2, length)
        following = _JPEG_MARKER.search(data, end)
        if following is None:
            break
        yield found[1][0], found.start(), end, following.start()
        found = following
    raise ImageUnacceptable("image")
