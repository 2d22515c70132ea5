"""Patroni and etcd, installed below .patroni when they are first wanted, with pinned versions."""

import hashlib
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TOOLS = REPOSITORY / ".patroni"
WHEELS, SOURCES = (
    REPOSITORY / "requirements" / name for name in ("patroni.txt", "patroni-source.txt")
)
PIP = ("-m", "pip", "-qq", "--disable-pip-version-check", "--no-input", "install")
SAFE = ("--require-hashes", "--no-deps")


def tool(name: str) -> str:
    """The path of a program. Raises CalledProcessError where they cannot be installed, as on
    systems for which there is no wheel of etcd."""
    _install()
    return str(TOOLS / "bin" / name)


def _install() -> None:
    stamp = TOOLS / "installed"
    wanted = hashlib.sha256(WHEELS.read_bytes() + SOURCES.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    python = str(TOOLS / "bin" / "python")
    _run(sys.executable, "-m", "venv", "--clear", str(TOOLS))
    _run(python, *PIP, *SAFE, "--only-binary", ":all:", "--requirement", str(WHEELS))
    _run(python, *PIP, *SAFE, "--no-build-isolation", "--requirement", str(SOURCES))
    stamp.write_text(wanted, "utf-8")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
