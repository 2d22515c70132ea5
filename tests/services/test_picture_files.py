"""PNG and JPEG files taken apart: what reaches the decoders, and what never does."""

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hufu.domain.errors import ImageUnacceptable
from hufu.services.picture_files import (
    MAX_SCANS,
    MAX_SEGMENTS,
    jpeg_size,
    jpeg_to_draw,
    orientation,
    png_size,
    png_to_draw,
)

END = b"\xff\xd9"


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def segment(marker: int, body: bytes = b"") -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


START = b"\x89PNG\r\n\x1a\n"
IHDR = chunk(b"IHDR", struct.pack(">IIBBBBB", 30, 40, 8, 0, 0, 0, 0))
IDAT, IEND = chunk(b"IDAT", b"pixels"), chunk(b"IEND")
FRAME = segment(0xC0, struct.pack(">BHHBBBB", 8, 40, 30, 1, 1, 0x11, 0))
SCAN = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\0\x34\xff\xd0\x56"


def png(*chunks: bytes) -> bytes:
    return START + b"".join(chunks)


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments)


PLAIN_PNG = png(IHDR, IDAT, IEND)
PLAIN_JPEG = jpeg(FRAME, SCAN, END)


def test_sizes_are_read_from_the_header() -> None:
    assert png_size(PLAIN_PNG) == (30, 40)
    assert jpeg_size(PLAIN_JPEG) == (30, 40)
    assert jpeg_size(jpeg(segment(0xE1, FRAME), FRAME, SCAN, END)) == (30, 40)


def test_what_draws_a_png_is_kept() -> None:
    kept = (IHDR, chunk(b"PLTE", b"\0" * 6), chunk(b"tRNS", b"\7"), IDAT, IDAT, IEND)
    assert png_to_draw(png(*kept)) == (png(*kept), b"")


@pytest.mark.parametrize("name", [b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"acTL", b"fdAT", b"teSt"])
def test_nothing_else_of_a_png_is_kept(name: bytes) -> None:
    extra = chunk(name, b"secret")
    data = png(IHDR, extra, IDAT, extra, IEND) + b"trailer"
    assert png_to_draw(data) == (PLAIN_PNG, b"")


@pytest.mark.parametrize(
    "data",
    [
        png(IHDR, IHDR, IDAT, IEND),
        png(IHDR, IDAT),
        png(IHDR, IDAT, IEND[:-1]),
        png(IHDR, IDAT[:-1]),
        png(IHDR, IDAT[:-1] + b"?", IEND),
        png(IHDR, b"\xff\xff\xff\xffIDAT", IDAT, IEND),
        START,
    ],
)
def test_a_broken_png_is_refused(data: bytes) -> None:
    with pytest.raises(ImageUnacceptable):
        png_to_draw(data)


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2], ids=["baseline", "extended", "progressive"])
def test_what_draws_a_jpeg_is_kept(marker: int) -> None:
    tables = [segment(kind, b"table") for kind in (0xE0, 0xEE, 0xDB, 0xC4, 0xDD)]
    frame = FRAME.replace(b"\xff\xc0", bytes([0xFF, marker]))
    data = jpeg(*tables, frame, SCAN, tables[3], SCAN, END)
    assert jpeg_to_draw(data) == (data, b"")


@pytest.mark.parametrize("marker", [*range(0xE1, 0xEE), 0xEF, 0xFE])
def test_nothing_else_of_a_jpeg_is_kept(marker: int) -> None:
    extra = segment(marker, b"secret" + FRAME)
    data = jpeg(extra, FRAME, extra, SCAN, extra, END, b"trailer", FRAME, END)
    assert jpeg_to_draw(data) == (PLAIN_JPEG, b"")


@pytest.mark.parametrize(
    "data",
    [
        jpeg(FRAME, FRAME, SCAN, END),
        jpeg(SCAN, END),
        jpeg(segment(0xC3, FRAME[4:]), SCAN, END),
        jpeg(segment(0xC9, FRAME[4:]), SCAN, END),
        jpeg(FRAME, SCAN),
        jpeg(FRAME, SCAN, b"\xff"),
        jpeg(FRAME, SCAN * (MAX_SCANS + 1), END),
        jpeg(segment(0xFE) * MAX_SEGMENTS, FRAME, SCAN, END),
        jpeg(),
    ],
)
def test_a_broken_jpeg_is_refused(data: bytes) -> None:
    with pytest.raises(ImageUnacceptable):
        jpeg_to_draw(data)


def test_as_many_scans_as_allowed_are_kept() -> None:
    data = jpeg(FRAME, SCAN * MAX_SCANS, END)
    assert jpeg_to_draw(data) == (data, b"")


def test_the_first_exif_block_is_handed_over() -> None:
    assert png_to_draw(png(IHDR, IDAT, chunk(b"eXIf", b"block"), IEND)) == (PLAIN_PNG, b"block")
    xmp, first, second = (
        segment(0xE1, body) for body in (b"http:xmp", b"Exif\0\0block", b"Exif\0\0other")
    )
    data = jpeg(xmp, first, second, FRAME, SCAN, END)
    assert jpeg_to_draw(data) == (PLAIN_JPEG, b"block")


@pytest.mark.parametrize("order", ["<", ">"])
@given(value=st.integers(0, 65535), before=st.integers(0, 5))
def test_orientation_is_found_in_either_byte_order(order: str, value: int, before: int) -> None:
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    entries = [(0x010F, 2, 4, 7, 0)] * before + [(0x0112, 3, 1, value, 0)]
    block = mark + struct.pack(order + "I4xH", 12, len(entries))
    block += b"".join(struct.pack(order + "HHIHH", *entry) for entry in entries)
    assert orientation(block) == value
    assert {orientation(block[:length]) for length in range(len(block))} <= {1, value}


@given(st.binary(max_size=60))
def test_a_block_that_makes_no_sense_is_upright_or_a_number(rest: bytes) -> None:
    for mark in (b"", b"II*\0", b"MM\0*"):
        assert 0 <= orientation(mark + rest) <= 65535
    assert orientation(b"XX" + rest) == 1


def test_restarts_and_four_colours_survive() -> None:
    picture, out = Image.effect_noise((64, 64), 90), BytesIO()
    merged = Image.merge("CMYK", [picture, picture.rotate(90), picture.rotate(180), picture])
    merged.save(out, "JPEG", restart_marker_blocks=1, progressive=True, comment=b"secret")
    file, _ = jpeg_to_draw(out.getvalue())
    assert b"\xff\xdd" in file
    assert b"secret" not in file
    assert Image.open(BytesIO(file)).tobytes() == Image.open(out).tobytes()
