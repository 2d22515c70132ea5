"""Pictures to test with, good and bad."""

import struct
import zlib
from io import BytesIO

from PIL import Image, PngImagePlugin
from PIL.ExifTags import IFD, Base

SECRET = b"<script>alert(document.cookie)</script>"


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def marked(mode: str = "RGB") -> Image.Image:
    """48 x 24 white pixels, the left upper 16 x 8 of them red."""
    picture = Image.new("RGB", (48, 24), "white")
    picture.paste("red", (0, 0, 16, 8))
    return picture.convert(mode)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width: int, height: int, bits: int = 8, colour: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))


def png(*chunks: bytes, rows: bytes) -> bytes:
    """A PNG of these chunks, pixel rows (filter byte first) behind them."""
    start = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    return start + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def jpeg_of_size(width: int, height: int) -> bytes:
    frame = struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)
    return b"\xff\xd8" + segment(0xC0, frame) + segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")


PNG = encoded(marked(), "PNG")
JPEG = encoded(marked(), "JPEG", quality=95)


def laden(kind: str) -> bytes:
    """A picture with the secret in every place that takes one."""
    exif = Image.Exif()
    exif[Base.ImageDescription] = SECRET.decode()
    exif[Base.Orientation] = 1
    exif.get_ifd(IFD.GPSInfo).update({1: "N", 2: (31.0, 13.0, 49.0), 3: "E", 29: "2024:01:01"})
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET)
    text.add_itxt("XML:com.adobe.xmp", SECRET)
    text.add(b"teSt", SECRET)
    metadata = {"exif": exif, "icc_profile": SECRET, "dpi": (300, 300)}
    if kind == "PNG":
        return encoded(marked(), kind, **metadata, pnginfo=text) + SECRET
    return encoded(marked(), kind, **metadata, comment=SECRET, xmp=SECRET) + SECRET
