"""Pictures that mean harm: refused or drawn anew, and harmless where they are served."""

import base64
import re
import struct
import zlib
from typing import Any
from urllib.parse import urlsplit

import pytest
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
)

from attacks.attack import World, attack
from attacks.attempts import unanimous
from attacks.holders import PHONE, Holder, holder
from dialects.requests import multipart
from front_door import Answer
from hufu.pages import uploads as pages
from hufu.services import images, uploads
from hufu.services.images import CleanPicture

NO_PICTURE = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg in xml": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "gif": encoded(marked(), "GIF"),
    "bmp": encoded(marked(), "BMP"),
    "webp": encoded(marked(), "WEBP"),
    "html": b"<!doctype html>" + SECRET,
    "html and then png": SECRET + PNG,
    "gif and then js": b"GIF89a/*" + encoded(marked(), "GIF")[6:] + b"*/=1;alert(1)",
    "truncated png": PNG[: len(PNG) // 2],
    "truncated jpeg": JPEG[: len(JPEG) // 2],
    "no end": PNG[:-12],
    "png of 20000 x 20000": png(header(20000, 20000, colour=6), rows=b""),
    "jpeg of 20000 x 20000": jpeg_of_size(20000, 20000),
    "one byte": b"\x89",
}


def jpeg_and_script() -> bytes:
    """A JPEG that is a JavaScript program too: its first segment is as long as `/*` says."""
    length = int.from_bytes(b"/*", "big")
    body = JPEG[6:20].ljust(length - 2, b"\0")
    comment = segment(0xFE, b"*/=1;alert(1);/*script")
    return b"\xff\xd8\xff\xe0/*" + body + comment + JPEG[20:] + b"*/"


def png_of_script() -> bytes:
    """A PNG whose pixels are a script, and stand in it as they are."""
    row = b"\0" + SECRET.ljust(48 * 3, b" ")
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(row), 0xFFFF ^ len(row)) + row
    checksum = struct.pack(">I", zlib.adler32(row))
    start = b"\x89PNG\r\n\x1a\n" + header(48, 1, colour=2)
    return start + chunk(b"IDAT", stored + checksum) + chunk(b"IEND", b"")


LADEN = {
    "png with exif, gps, texts and html behind": laden("PNG"),
    "jpeg with exif, gps, comment and html behind": laden("JPEG"),
    "png with html behind": PNG + b"<html>" + SECRET,
    "png with html in a text": PNG[:33] + chunk(b"tEXt", b"c\0" + SECRET) + PNG[33:],
    "png of script": png_of_script(),
    "jpeg and js": jpeg_and_script(),
    "jpeg with php in a comment": JPEG[:2] + segment(0xFE, b"<?php script ?>") + JPEG[2:],
    "zip behind a png": PNG + b"PK\x03\x04script",
}


async def hang_up(world: World, who: Holder, data: bytes) -> list[str | None]:
    """Show this picture, in every app that has pictures; where it is, or None if refused."""
    sent = {"session_key": who.sessions["fomo"], "base64_string": base64.b64encode(data).decode()}
    fomo = (await world.form("/fomo/customer/update_avatar", sent)).json()
    assert fomo["status"] in {1, 17, 18}
    made = multipart("/rental/api/profile/avatar", {}, {"avatar": ("a.png", "image/png", data)})
    answer = await world.request(
        "POST",
        made.path,
        body=made.body,
        headers=made.headers,
        cookies={"session_id": who.sessions["rental"]},
    )
    rental = answer.json()
    assert rental["errno"] in {0, 4103}
    return [fomo["data"] if fomo["status"] == 1 else None, rental.get("data")]


async def fetched(world: World, url: str, **more: Any) -> Answer:
    """The picture, as a browser gets it that would rather have a page."""
    accept = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    return await world.get(urlsplit(url).path, headers=[accept], **more)


def pictures_are_kept_as_they_are(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(images, "clean", lambda data: CleanPicture(data, "png", "image/png"))


@attack(28, without=pictures_are_kept_as_they_are)
async def test_a_picture_is_none(world: World) -> bool:
    who = await holder(world, 1, (PHONE,))
    return unanimous(
        [url is not None for data in NO_PICTURE.values() for url in await hang_up(world, who, data)]
    )


@attack(28, without=pictures_are_kept_as_they_are)
async def test_a_picture_has_more_in_it_than_pixels(world: World) -> bool:
    who = await holder(world, 1, (PHONE,))
    found = []
    for name, data in LADEN.items():
        for url in await hang_up(world, who, data):
            assert url is not None, name
            stored = (await fetched(world, url)).body
            found.append(b"script" in stored or b"alert" in stored)
    return unanimous(found)


@attack(28, without=pictures_are_kept_as_they_are)
async def test_a_picture_tells_where_it_was_taken(world: World) -> bool:
    who = await holder(world, 1, (PHONE,))
    found = []
    for kind in ("PNG", "JPEG"):
        for url in await hang_up(world, who, laden(kind)):
            assert url is not None
            found.append(bool(opened((await fetched(world, url)).body).getexif()))
    return unanimous(found)


@pytest.mark.parametrize("data", [b"", b"\0"])
async def test_nothing_is_no_picture(world: World, data: bytes) -> None:
    assert await _rental_status(world, data) == 4103


async def _rental_status(world: World, data: bytes) -> int:
    who = await holder(world, 1, (PHONE,))
    made = multipart("/rental/api/profile/avatar", {}, {"avatar": ("a.png", "image/png", data)})
    cookies = {"session_id": who.sessions["rental"]}
    answer = await world.request(
        "POST", made.path, body=made.body, headers=made.headers, cookies=cookies
    )
    return int(answer.json()["errno"])


# Where they are served


def inert(answer: Answer) -> bool:
    """Whether a browser makes nothing but a picture of it."""
    policy = answer.header("content-security-policy") or ""
    return (
        answer.header("content-type") in {"image/png", "image/jpeg"}
        and answer.header("x-content-type-options") == "nosniff"
        and "default-src 'none'" in policy
    )


def pictures_are_pages(patch: pytest.MonkeyPatch) -> None:
    """A file has the type that its client gave it."""
    patch.setattr(pages, "CONTENT_TYPES", dict.fromkeys(pages.CONTENT_TYPES, "text/html"))


@attack(28, without=pictures_are_pages)
async def test_a_picture_is_a_page(world: World) -> bool:
    who = await holder(world, 1, (PHONE,))
    seen = []
    for data in (PNG, JPEG):
        for url in await hang_up(world, who, data):
            assert url is not None
            answer = await fetched(world, url)
            assert answer.status == 200
            seen.append(not inert(answer))
    return unanimous(seen)


def any_name_is_a_pictures(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(uploads, "_NAME", re.compile("(?s:.*)"))


@attack(28, without=any_name_is_a_pictures)
async def test_what_is_no_picture_is_served(world: World) -> bool:
    who = await holder(world, 1, (PHONE,))
    await hang_up(world, who, PNG)
    folder = world.core.configuration.settings.data_dir
    (folder / "secret.png").write_bytes(SECRET)
    (folder / "uploads" / "avatar" / "page.png").write_bytes(SECRET)
    names = ("../../secret.png", "page.png", str(folder / "secret.png"))
    paths = [f"/{app}/uploads/avatar/{name}" for app in ("fomo", "rental") for name in names]
    answers = [await world.get(path) for path in paths]
    return unanimous([SECRET in answer.body for answer in answers])
