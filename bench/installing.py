"""Installing the peers below bench/.peers, each with its own environment and pinned versions."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from contestants import CODE, HERE, PEERS

PIP = ("-m", "pip", "-qq", "--disable-pip-version-check", "--no-input", "install")
SAFE = ("--require-hashes", "--only-binary", ":all:", "--no-deps", "--requirement")
NPM = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")


def install(name: str) -> str:
    """Install a peer where that is still to be done; why it cannot be, or nothing."""
    installer = _install_node if name == "better-auth" else _install_python
    try:
        installer(name)
    except FileNotFoundError as error:
        return f"{error.filename} is not on this machine"
    except subprocess.CalledProcessError as error:
        return (error.stderr or str(error)).strip()[-500:]
    return ""


def _install_python(name: str) -> None:
    requirements = HERE / f"requirements-{name}.txt"
    folder = PEERS / name
    if _done(folder, requirements):
        return
    print(f"Installing {name}", file=sys.stderr)
    _run(sys.executable, "-m", "venv", "--clear", str(folder))
    _run(str(folder / "bin" / "python"), *PIP, *SAFE, str(requirements))
    _finish(folder, requirements)


def _install_node(name: str) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise FileNotFoundError(2, "", "node, or npm,")
    source, folder = CODE / "better_auth", PEERS / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        shutil.copy(file, folder)
    if _done(folder, source / "package-lock.json"):
        return
    print(f"Installing {name}", file=sys.stderr)
    _run(npm, *NPM, folder=folder)
    _finish(folder, source / "package-lock.json")


def _run(*command: str, folder: Path = HERE) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)


def _stamp(requirements: Path) -> str:
    return hashlib.sha256(requirements.read_bytes()).hexdigest()


def _done(folder: Path, requirements: Path) -> bool:
    stamp = folder / "installed"
    return stamp.exists() and stamp.read_text("utf-8") == _stamp(requirements)


def _finish(folder: Path, requirements: Path) -> None:
    (folder / "installed").write_text(_stamp(requirements), "utf-8")
