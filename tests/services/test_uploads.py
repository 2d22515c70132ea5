"""Uploads: whole files, under names of ours, in one directory."""

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.services.images import CleanPicture
from hufu.services.overload import Unavailable
from hufu.services.uploads import Uploads

PNG = CleanPicture(b"pixels", "png", "image/png")
JPEG = CleanPicture(b"other pixels", "jpg", "image/jpeg")
NAME = "7_1700000000_aZ3.png"


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "data" / "uploads")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_stored_picture_is_found_under_its_name(uploads: Uploads) -> None:
    assert await uploads.store(7, 1700000000, "aZ3", PNG) == NAME
    assert await uploads.store(7, 1700000000, "aZ4", JPEG) == "7_1700000000_aZ4.jpg"
    file = uploads.path(NAME)
    assert file is not None
    assert file.read_bytes() == b"pixels"
    assert {path.name for path in file.parent.iterdir()} == {NAME, "7_1700000000_aZ4.jpg"}


async def test_nobody_else_on_the_machine_can_read_it(uploads: Uploads, tmp_path: Path) -> None:
    name = await uploads.store(7, 1700000000, "aZ3", PNG)
    assert mode(tmp_path / "data" / "uploads") == 0o700
    assert mode(tmp_path / "data" / "uploads" / name) == 0o600


async def test_removed_is_gone_and_may_be_removed_again(uploads: Uploads) -> None:
    await uploads.remove(NAME)  # Not even the directory exists.
    await uploads.store(7, 1700000000, "aZ3", PNG)
    await uploads.remove(NAME)
    await uploads.remove(NAME)
    file = uploads.path(NAME)
    assert file is not None
    assert not file.exists()


async def test_remove_touches_nothing_but_uploads(uploads: Uploads, tmp_path: Path) -> None:
    await uploads.store(7, 1700000000, "aZ3", PNG)
    secret = tmp_path / "data" / "key.png"
    secret.write_text("secret")
    await uploads.remove("../key.png")
    await uploads.remove(str(secret))
    assert secret.exists()


@pytest.mark.parametrize("failing", ["fsync", "replace", "open"])
async def test_a_full_disk_leaves_nothing_behind(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "data" / "uploads").mkdir(parents=True)
    with monkeypatch.context() as patched:
        patched.setattr(os, failing, full)
        with pytest.raises(Unavailable):
            await uploads.store(7, 1700000000, "aZ3", PNG)
    assert list((tmp_path / "data" / "uploads").iterdir()) == []
    assert await uploads.store(7, 1700000000, "aZ3", PNG) == NAME


async def test_a_directory_that_cannot_be_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    uploads = Uploads(tmp_path / "file")
    with pytest.raises(Unavailable):
        await uploads.store(7, 1700000000, "aZ3", PNG)
    with pytest.raises(Unavailable):
        await uploads.remove(NAME)


@pytest.mark.parametrize("random", ["", "a/b", "..", "a.png\0", "ä", "a_b"])
async def test_store_refuses_to_make_a_name_that_path_would_not_know(
    uploads: Uploads, random: str
) -> None:
    with pytest.raises(ValueError, match="name"):
        await uploads.store(7, 1700000000, random, PNG)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../" + NAME,
        "/etc/passwd",
        "./" + NAME,
        NAME + "\n",
        NAME + "/",
        NAME + "\0",
        "\n" + NAME,
        "." + NAME + ".new",
        "7_1700000000_aZ3.PNG",
        "7_1700000000_aZ3.svg",
        "7_1700000000_aZ3.png.html",
        "7_1700000000_aZ3xpng",
        "7_1700000000_.png",
        "7_1700000000.png",
        "-7_1700000000_aZ3.png",
        "7_1700000000_a%2f.png",
        "٧_1700000000_aZ3.png",
        "7_1700000000_aZé.png",
        f"7_1700000000_{'a' * 300}.png",
    ],
)
def test_path_knows_no_other_names(uploads: Uploads, name: str) -> None:
    assert uploads.path(name) is None


@given(st.text(alphabet="07_aZ./\\.pngj\n\0é", max_size=30))
def test_every_path_is_directly_in_the_directory(name: str) -> None:
    path = Uploads(Path("/somewhere/uploads")).path(name)
    assert path is None or Path(os.path.normpath(path)).parent == Path("/somewhere/uploads")
