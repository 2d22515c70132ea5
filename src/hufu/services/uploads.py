"""The directory of uploaded pictures."""

import asyncio
import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from hufu.services.images import CleanPicture
from hufu.services.overload import Unavailable

_NAME = re.compile(r"[0-9]{1,20}_[0-9]{1,20}_[A-Za-z0-9]{1,64}\.(?:png|jpg)")


class Uploads:
    """Pictures as files of one directory, which is made when the first one comes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def store(self, account_id: int, unix: int, random: str, picture: CleanPicture) -> str:
        """The name under which the picture is kept; it is on the disk, whole, when this returns.

        Raises Unavailable, for example when the disk is full.
        """
        name = f"{account_id}_{unix}_{random}.{picture.extension}"
        file = self.path(name)
        if file is None:
            raise ValueError("not a name that an upload can have")
        await asyncio.to_thread(_write, file, picture.data)
        return name

    async def remove(self, name: str) -> None:
        """Delete the picture, if there is one of that name. Raises Unavailable."""
        file = self.path(name)
        if file is not None:
            await asyncio.to_thread(_delete, file)

    async def remove_all(self, until: Mapping[int, datetime]) -> None:
        """Delete all pictures that these accounts stored until then, known to the database or not.
        Reads the whole directory. Raises Unavailable."""
        if until:
            seconds = {account: int(at.timestamp()) for account, at in until.items()}
            await asyncio.to_thread(_delete_all, self._directory, seconds)

    def path(self, name: str) -> Path | None:
        """Where the picture of that name is or would be; None for what `store` never returns."""
        return self._directory / name if _NAME.fullmatch(name) else None


def _write(file: Path, data: bytes) -> None:
    """Write beside the file, then rename: readers and crashes see all of it or nothing."""
    directory, beside = file.parent, file.with_name(f".{file.name}.new")
    try:
        if not directory.is_dir():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(directory.parent)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            try:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
                beside.replace(file)
            except OSError:
                beside.unlink(missing_ok=True)
                raise
        _sync(directory)
    except OSError as error:
        raise Unavailable from error


def _delete(file: Path) -> None:
    try:
        file.unlink()
        _sync(file.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unavailable from error


def _delete_all(directory: Path, until: Mapping[int, int]) -> None:
    try:
        with os.scandir(directory) as files:
            names = [each.name for each in files if _is_of(each.name, until)]
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unavailable from error
    for name in names:
        _delete(directory / name)


def _is_of(name: str, until: Mapping[int, int]) -> bool:
    if not _NAME.fullmatch(name):
        return False
    account, unix, _ = name.split("_")
    return int(unix) <= until.get(int(account), -1)


def _sync(directory: Path) -> None:
    """Make names that came or went survive a power failure (fsync(2))."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
