"""Pictures meant to do harm: refused, or harmless when drawn anew."""

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import PngImagePlugin
from PIL.ExifTags import IFD
from sample_pictures import (
    JPEG,
    PNG,
    SECRET,
    chunk,
    encoded,
    header,
    jpeg_of_size,
    laden,
    marked,
    opened,
    png,
    segment,
    with_segments,
)

from hufu.domain.errors import ImageUnacceptable
from hufu.services.images import clean, inspect

# What is no picture

HOSTILE = {
    "nothing": b"",
    "zeros": bytes(100),
    "text": b"hello, world",
    "html": b"<!doctype html>" + SECRET,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg in xml": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "gif": encoded(marked(), "GIF"),
    "bmp": encoded(marked(), "BMP"),
    "webp": encoded(marked(), "WEBP"),
    "tiff": encoded(marked(), "TIFF"),
    "ico": encoded(marked(), "ICO"),
    "html before a png": SECRET + PNG,
    "blank before a jpeg": b"\n" + JPEG,
    "png signature": PNG[:8],
    "png up to the width": PNG[:20],
    "png without IHDR": PNG[:8] + PNG[33:],
    "jpeg signature": JPEG[:3],
    "jpeg without frame": b"\xff\xd8" + segment(0xFE, SECRET) + b"\xff\xd9",
    "jpeg frame cut": jpeg_of_size(5, 5)[:9],
    "jpeg scan before frame": b"\xff\xd8" + segment(0xDA, b"\0") + jpeg_of_size(5, 5)[2:],
    "png 20000 x 20000": png(header(20000, 20000, colour=6), rows=b""),
    "png 4097 x 1": png(header(4097, 1), rows=bytes(4098)),
    "png 1 x 4097": png(header(1, 4097), rows=bytes(4097 * 2)),
    "png 0 x 1": png(header(0, 1), rows=b"\0"),
    "png 2147483648 x 1": png(header(2**31, 1), rows=b"\0"),
    "png of 243 MB in 236 kB": png(header(9000, 9000, colour=2), rows=bytes(243_009_000)),
    "jpeg 20000 x 20000": jpeg_of_size(20000, 20000),
    "jpeg 4097 x 1": jpeg_of_size(4097, 1),
    "jpeg 1 x 0": jpeg_of_size(1, 0),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_by_its_header(name: str) -> None:
    with pytest.raises(ImageUnacceptable):
        inspect(HOSTILE[name])
    with pytest.raises(ImageUnacceptable):
        clean(HOSTILE[name])


FRAME_START = JPEG.index(b"\xff\xc0")
SCAN_START = JPEG.index(b"\xff\xda")
BROKEN = {
    "second header": png(header(1, 1), header(4000, 4000), rows=bytes(2)),
    "second frame": JPEG[:FRAME_START]
    + segment(0xC0, struct.pack(">BHHBBBB", 8, 9, 9, 1, 1, 17, 0))
    + JPEG[FRAME_START:],
    "no palette": png(header(1, 1, colour=3), rows=bytes(2)),
    "unknown colour type": png(header(1, 1, colour=5), rows=bytes(2)),
    "pixels missing": png(header(64, 64), rows=bytes(64)),
    "checksum": PNG[:29] + b"\0\0\0\0" + PNG[33:],
    "65 scans": JPEG[:-2] + JPEG[SCAN_START:-2] * 64 + b"\xff\xd9",
    "5000 segments": with_segments(JPEG, segment(0xFE, b"") * 5000),
    "no end": PNG[:-12],
    "pixels of a chunk changed": PNG[:-20] + bytes([PNG[-20] ^ 1]) + PNG[-19:],
    "lossless jpeg": JPEG[:FRAME_START] + b"\xff\xc3" + JPEG[FRAME_START + 2 :],
}


@pytest.mark.parametrize("name", BROKEN)
def test_refused_when_decoded(name: str) -> None:
    with pytest.raises(ImageUnacceptable):
        clean(BROKEN[name])


@pytest.mark.parametrize("data", [PNG, JPEG, encoded(marked(), "JPEG", progressive=True)])
def test_truncated_anywhere_is_refused(data: bytes) -> None:
    for length in range(len(data)):
        with pytest.raises(ImageUnacceptable):
            clean(data[:length])


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_metadata_and_what_follows_the_end_are_gone(kind: str) -> None:
    data = laden(kind)
    assert data.count(SECRET) >= 4
    assert opened(data).getexif().get_ifd(IFD.GPSInfo)
    result = clean(data).data
    assert b"script" not in result
    assert not opened(result).getexif()
    assert set(opened(result).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert result == clean(PNG if kind == "PNG" else encoded(marked(), "JPEG")).data


BOMB = zlib.compress(bytes(8 * 2**20))


@pytest.mark.parametrize(
    "metadata",
    [
        chunk(b"zTXt", b"k\0\0" + BOMB),
        chunk(b"iTXt", b"k\0\1\0\0\0" + BOMB),
        chunk(b"iCCP", b"k\0\0" + BOMB),
        chunk(b"iCCP", b"k"),
        chunk(b"acTL", b"\0\0\0\0"),
        chunk(b"tEXt", b"k\0v")[:-1] + b"?",
    ],
)
def test_metadata_is_neither_unpacked_nor_judged(
    metadata: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PngImagePlugin, "_safe_zlib_decompress", None)
    assert clean(PNG[:33] + metadata + PNG[33:]) == clean(PNG)
    assert clean(PNG[:-12] + metadata + PNG[-12:]) == clean(PNG)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([PNG, JPEG, laden("PNG"), laden("JPEG"), encoded(marked("P"), "PNG")]),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=4)), max_size=4),
)
def test_whatever_comes_is_refused_or_drawn_anew(data: bytes, edits: list) -> None:
    for number, written in edits:
        place = number % len(data)
        data = data[:place] + written + data[place + len(written) :]
    try:
        result = clean(data)
    except ImageUnacceptable:
        return
    assert clean(result.data).extension == result.extension
