"""Stand-in."""

from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "latest.json"


def tables(w):
    return ""
