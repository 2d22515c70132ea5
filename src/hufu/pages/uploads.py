"""Stored pictures, served so that no browser takes one for anything else."""

from pathlib import Path

from starlette.responses import FileResponse, PlainTextResponse, Response

from hufu.services.uploads import Uploads

HEADERS = {
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=31536000, immutable",
}
CONTENT_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}


def picture(uploads: Uploads, name: str) -> Response:
    """The picture of that name; its bytes never change, as a new picture has a new name."""
    file = uploads.path(name)
    if file is None or not file.is_file():
        return PlainTextResponse("not found\n", status_code=404)
    kind = CONTENT_TYPES[Path(name).suffix]
    return FileResponse(
        file,
        media_type=kind,
        headers=HEADERS,
        filename=name,
        content_disposition_type="inline",
    )
