"""`make fuzz`: calls made up from the documents, in great number, and then each parser's target.

What a target finds, and what it has learnt, is kept in .fuzz/. The exit code is 1 if anything was
found.
"""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from parsers import TARGETS

HERE = Path(__file__).parent
KEPT = HERE.parent / ".fuzz"
CALLS = "calls"
LONGEST_INPUT = 4096
SLOWEST_INPUT = 5
LAST_LINES = 20
RUNS = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
FOUND = re.compile(r"Test unit written to (\S+)")
NO_ATHERIS = "atheris has no wheel for this Python, so the parsers' targets are left out."


def main() -> int:
    parser = argparse.ArgumentParser(description="Look for inputs that break the server.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join([CALLS, *TARGETS]))
    parser.add_argument("--seconds", type=int, default=60, help="for each parser (60)")
    parser.add_argument("--examples", type=int, default=300, help="calls per operation (300)")
    asked = parser.parse_args()
    unknown = set(asked.targets) - {CALLS, *TARGETS}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    chosen = asked.targets or [CALLS, *TARGETS]
    sound = CALLS not in chosen or make_calls(asked.examples)
    names = [name for name in chosen if name != CALLS]
    if names and importlib.util.find_spec("atheris") is None:
        print(NO_ATHERIS)
        names = []
    results = [try_parser(name, asked.seconds) for name in names]
    return 0 if sound and all(results) else 1


def make_calls(examples: int) -> bool:
    """Whether so many calls per operation found nothing."""
    print(f"{CALLS}: {examples} for each operation", flush=True)
    command = [sys.executable, "-m", "pytest", "tests/fuzz/test_schemathesis.py"]
    environment = {**os.environ, "HUFU_FUZZ_EXAMPLES": str(examples)}
    return subprocess.run(command, cwd=HERE.parent, env=environment, check=False).returncode == 0


def try_parser(name: str, seconds: int) -> bool:
    """Whether the target stood that long."""
    print(f"{name}: {seconds} s", end="", flush=True)
    learnt = KEPT / name
    learnt.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds):
        (learnt / f"seed-{number}").write_bytes(seed)
    done = subprocess.run(
        [
            *(sys.executable, str(HERE / "one.py"), name, str(learnt)),
            *(f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}"),
            *(f"-timeout={SLOWEST_INPUT}", "-print_final_stats=1"),
            f"-artifact_prefix={KEPT / name}-",
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    runs = RUNS.search(done.stderr)
    print(f", {runs[1]} inputs: " if runs else ": ", end="")
    if done.returncode == 0:
        print("nothing found")
        return True
    found = FOUND.search(done.stderr)
    print(f"FAILED{f', {found[1]}' if found else ''}\n{done.stdout}")
    print("\n".join(done.stderr.splitlines()[-LAST_LINES:]))
    return False


if __name__ == "__main__":
    sys.exit(main())
