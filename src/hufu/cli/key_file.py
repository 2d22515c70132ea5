"""Changing a key setting in the file that it stands in, and nothing else of it."""

import fcntl
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MODE = 0o777


class FileUnchanged(Exception):
    """The file was not changed; the text says why, and quotes nothing of it."""


def replace_value(file: Path, name: str, old: str, new: str) -> None:
    """Give the setting `name` at the top of a TOML file another value; comments, owner and mode
    stay as they are. Whoever reads the file meanwhile, or after a crash, finds the old or the new
    one. Raises FileUnchanged.
    """
    target = file.resolve()  # A link stays a link.
    try:
        with _alone_in(target.parent):
            text = target.read_bytes().decode()
            _replace(target, _changed(text, name, old, new))
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnchanged(f"{file}: {getattr(error, 'strerror', error)}") from error


def _changed(text: str, name: str, old: str, new: str) -> str:
    """The file's text with the new value, once it is sure that nothing else is changed."""
    changed = text.replace(old, new)
    expected = {**tomllib.loads(text), name: new}
    if tomllib.loads(text)[name] != old or text.count(old) != 1:
        raise FileUnchanged(f"the value of {name} cannot be found as it is written there")
    if tomllib.loads(changed) != expected:
        raise FileUnchanged(f"{name} cannot be changed without changing something else")
    return changed


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(target: Path, text: str) -> None:
    was = target.stat()
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
                with suppress(PermissionError):
                    os.fchown(opened.fileno(), was.st_uid, was.st_gid)
            os.fchmod(opened.fileno(), was.st_mode & MODE)
            opened.write(text.encode())
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
