"""Pictures from strangers: what is no picture is refused, what is one is drawn anew."""

import asyncio
import base64
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.ExifTags import Base
from sample_pictures import (
    JPEG,
    PNG,
    chunk,
    encoded,
    header,
    jpeg_of_size,
    marked,
    opened,
    png,
    segment,
    with_segments,
)

from hufu.domain.errors import ImageEncodingMalformed, ImageUnacceptable
from hufu.services import images
from hufu.services.images import Images, Picture, PictureKind, clean, decode_base64, inspect
from hufu.services.overload import Overloaded

# base64


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "data:image/png;base64,",
        "data:image/jpeg;base64,",
        "data:image/jpg;base64,",
        "DATA:image/PNG;BASE64,",
    ],
)
@given(data=st.binary(min_size=1))
def test_base64_opens_with_and_without_prefix(prefix: str, data: bytes) -> None:
    assert decode_base64(prefix + base64.b64encode(data).decode()) == data


@given(st.binary(min_size=1))
def test_line_breaks_of_mime_and_unescaped_pluses_of_forms_are_repaired(data: bytes) -> None:
    wrapped = base64.encodebytes(data).decode()
    assert decode_base64(wrapped) == data
    assert decode_base64(wrapped.replace("\n", "\r\n")) == data
    assert decode_base64(wrapped.replace("+", " ")) == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "data:image/png;base64,",
        "\r\n",
        "====",
        "QQ",  # no padding
        "QQ=",
        "QQ===",
        "QUE",
        "QQ==QQ==",
        "_-_-",  # the URL-safe alphabet
        "+ +A",  # a form decoder leaves either all pluses or none
        "QU\tE=",
        "QU\x00E=",
        "QUÉ=",
        "\ud800QQ=",
        "data:image/gif;base64,QUFB",
        "data:image/svg+xml;base64,QUFB",
        "data:text/html;base64,QUFB",
        "data:image/png,QUFB",
        "data:image/png;base64,data:image/png;base64,QUFB",
    ],
)
def test_what_is_not_base64_is_malformed(text: str) -> None:
    with pytest.raises(ImageEncodingMalformed):
        decode_base64(text)


# What is a picture


def test_the_header_tells_kind_and_size() -> None:
    assert inspect(PNG) == Picture(PictureKind.PNG, 48, 24)
    assert inspect(JPEG) == Picture(PictureKind.JPEG, 48, 24)
    assert inspect(jpeg_of_size(4096, 4096)) == Picture(PictureKind.JPEG, 4096, 4096)
    assert inspect(encoded(marked(), "JPEG", progressive=True)).width == 48


def test_png_stays_png_and_jpeg_jpeg() -> None:
    as_png, as_jpeg = clean(PNG), clean(JPEG)
    assert (as_png.extension, as_png.content_type) == ("png", "image/png")
    assert (as_jpeg.extension, as_jpeg.content_type) == ("jpg", "image/jpeg")
    assert opened(as_png.data).tobytes() == marked().tobytes()
    assert (opened(as_jpeg.data).format, opened(as_jpeg.data).size) == ("JPEG", (48, 24))


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_picture_is_turned_upright(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    data = encoded(marked(), kind, exif=exif)
    expected, result = ImageOps.exif_transpose(opened(data)), opened(clean(data).data)
    assert result.size == expected.size
    corners = [(x, y) for x in (2, expected.width - 3) for y in (2, expected.height - 3)]
    for corner in corners:
        red, green, _ = result.getpixel(corner)
        was_red, was_green, _ = expected.getpixel(corner)
        assert abs(red - was_red) + abs(green - was_green) < 40


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0garbage",
        b"Exif\0\0MM\0*",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
    ],
)
def test_broken_exif_is_no_reason_to_refuse(exif: bytes) -> None:
    assert opened(clean(with_segments(JPEG, segment(0xE1, exif))).data).size == (48, 24)


RED, CLEAR = (255, 0, 0), 0
PLTE = chunk(b"PLTE", bytes([255, 0, 0, 0, 0, 255]))
MODES = {
    "gray 1": (png(header(1, 1, 1), rows=b"\0\x80"), 255),
    "gray 2": (png(header(1, 1, 2), rows=b"\0\x40"), 85),
    "gray 8": (png(header(1, 1), rows=b"\0\x21"), 0x21),
    "gray 16": (png(header(1, 1, 16), rows=b"\0\x80\x40"), 0x80),
    "gray 16, dark": (png(header(1, 1, 16), rows=b"\0\x01\x40"), 0x01),
    "rgb 16": (png(header(1, 1, 16, 2), rows=b"\0\xff\1\0\2\0\3"), RED),
    "rgba 16": (png(header(1, 1, 16, 6), rows=b"\0\xff\1\0\2\0\3\x21\4"), (*RED, 0x21)),
    "gray and alpha": (png(header(1, 1, 8, 4), rows=b"\0\x80\x21"), (0x80, 0x80, 0x80, 0x21)),
    "palette": (png(header(1, 1, 8, 3), PLTE, rows=b"\0\0"), RED),
    "palette and alpha": (
        png(header(1, 1, 8, 3), PLTE, chunk(b"tRNS", b"\x21"), rows=b"\0\0"),
        (*RED, 0x21),
    ),
    "palette, 1 bit": (png(header(1, 1, 1, 3), PLTE, rows=b"\0\x80"), (0, 0, 255)),
    "rgba and a needless tRNS": (
        png(header(1, 1, 8, 6), chunk(b"tRNS", b"\0\xff\0\0\0\0"), rows=b"\0\xff\0\0\x21"),
        (*RED, 0x21),
    ),
    "gray, one clear": (png(header(1, 1), chunk(b"tRNS", b"\0\x21"), rows=b"\0\x21"), CLEAR),
    "rgb, one clear": (
        png(header(1, 1, 8, 2), chunk(b"tRNS", b"\0\xff\0\0\0\0"), rows=b"\0\xff\0\0"),
        CLEAR,
    ),
}


@pytest.mark.parametrize("name", MODES)
def test_every_kind_of_png_keeps_its_colours(name: str) -> None:
    data, expected = MODES[name]
    pixel = opened(clean(data).data).getpixel((0, 0))
    assert (pixel[3] if expected == CLEAR else pixel) == expected


def test_cmyk_becomes_rgb_and_gray_stays_gray() -> None:
    result = opened(clean(encoded(marked("CMYK"), "JPEG", quality=95)).data)
    red, green, blue = result.getpixel((4, 4))
    assert (result.mode, red > 230, green < 25, blue < 25) == ("RGB", True, True, True)
    assert opened(clean(encoded(marked("L"), "JPEG")).data).mode == "L"


def test_of_an_animation_only_the_still_picture_stays() -> None:
    frames = [marked().rotate(90), marked().rotate(180)]
    data = encoded(marked(), "PNG", save_all=True, append_images=frames, default_image=True)
    assert b"acTL" in data
    result = clean(data).data
    assert not {b"acTL", b"fcTL", b"fdAT"} & {result[at : at + 4] for at in range(len(result))}
    assert opened(result).tobytes() == marked().tobytes()


def test_of_a_multi_picture_jpeg_the_first_stays() -> None:
    data = encoded(marked(), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    result = opened(clean(data).data)
    assert (result.format, result.size) == ("JPEG", (48, 24))
    assert b"MPF" not in clean(data).data


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_would_be_too_large_is_made_smaller(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_BYTES", 3000)
    noise = Image.effect_noise((160, 80), 80).convert("RGB")
    result = clean(encoded(noise, kind))
    assert len(result.data) <= 3000
    width, height = opened(result.data).size
    assert 10 <= width < 160
    assert abs(width - 2 * height) <= 2


def test_the_limit_on_scans_spares_what_encoders_write() -> None:
    for mode in ("RGB", "CMYK"):
        data = encoded(marked(mode), "JPEG", progressive=True)
        assert data.count(b"\xff\xda") >= 10
        assert clean(data)


# In a thread


class Blocked:
    """Stands for `clean`; returns when it is told to."""

    def __init__(self, clean: Callable[[bytes], images.CleanPicture]) -> None:
        self.begun, self.open, self.clean = threading.Event(), threading.Event(), clean

    def __call__(self, data: bytes) -> images.CleanPicture:
        self.begun.set()
        assert self.open.wait(10)
        return self.clean(data)


async def test_cleans_in_a_thread_and_refuses_as_clean_does() -> None:
    service = Images()
    assert await service.clean(PNG) == clean(PNG)
    for broken in (b"GIF89a", PNG[:-20]):
        with pytest.raises(ImageUnacceptable):
            await service.clean(broken)
    service.close()


async def test_more_than_may_wait_is_overload(monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = Blocked(clean)
    monkeypatch.setattr(images, "clean", blocked)
    service = Images(threads=1, waiting=1)
    tasks = [asyncio.create_task(service.clean(PNG)) for _ in range(2)]
    await asyncio.to_thread(blocked.begun.wait, 10)
    with pytest.raises(Overloaded) as overloaded:
        await service.clean(PNG)
    assert overloaded.value.retry_after >= 1
    blocked.open.set()
    assert await asyncio.gather(*tasks) == [clean(PNG)] * 2
    service.close()
