"""What `make bench` makes of a run: goals reached and missed, tables, a picture."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import report
from goals import bare_hash, goals, paced_hash
from picture import picture
from report import DOCUMENT, FIRST, LAST, bars, tables


def figure(contestant: str, operation: str, call: str, *rates: float, **more: Any) -> Any:
    known = {
        "contestant": contestant,
        "operation": operation,
        "call": call,
        "cores": "one core",
        "connections": 64,
        "rate": list(rates),
        "p50": [1.0 for _ in rates],
        "p99": [2.0 for _ in rates],
        "errors": 0,
        "load_busy": [0.5 for _ in rates],
        "cpu": [1.0 for _ in rates],
        "floor_rate": {},
        "floor_p50": {},
    }
    return known | more


def run(*figures: Any, **more: Any) -> Any:
    about = {
        "title": "hufu",
        "form": "one worker",
        "hash": "Argon2id",
        "versions": {"hufu": "1"},
        "start": [1.0, 1.4],
        "start_embedded": [3.5],
        "idle": [150.0],
        "load": [160.0],
        "worker": [(80.0, 100.0)],
    }
    known = {
        "at": "2030-05-15",
        "machine": {"cpu": "some", "cores": 2, "python": "3.11.7", "load_before": 0.1},
        "rounds": 2,
        "seconds": 3.0,
        "postgres_beside_load": False,
        "took": 61,
        "skipped": {},
        "revoked": {"ended": 100, "late": 0, "workers": 2},
        "contestants": {"hufu": about},
        "figures": list(figures),
    }
    return known | more


BARE = figure("floors", "session check", "bare ASGI on Granian", 100.0, 50.0)


def reached(found: Any) -> dict[str, tuple[str, bool | None]]:
    return {goal.figure: (goal.measured, goal.reached) for goal in goals(found)}


def test_a_share_is_of_the_same_round() -> None:
    check = figure("hufu", "session check", "GET /rental/api/check_login", 60.0, 20.0)
    found = reached(run(BARE, check))
    assert found["`/api/check_login` against bare ASGI"] == ("0.50", True)


def test_a_share_is_of_the_slice_before() -> None:
    """Where both took turns; rates of another moment do not count."""
    asgi = {"floor_rate": {BARE["call"]: [80.0, 40.0]}}
    check = figure("hufu", "session check", "GET /rental/api/check_login", 60.0, 20.0, **asgi)
    floors = {
        bare_hash("libsodium"): [2.0, 4.0],
        bare_hash("argon2-cffi"): [4.0, 8.0],
        paced_hash("libsodium"): [3.0, 5.0],
    }
    hashes = {"floor_p50": floors}
    half = figure("hufu", "sign-in", "POST /x, half load", 1.0, 1.0, p50=[3.0, 5.0], **hashes)
    found = reached(run(BARE, check, half))
    assert found["`/api/check_login` against bare ASGI"] == ("0.62", True)
    name = "sign-in latency at half load, against one"
    assert found[f"{name} hash of libsodium"] == ("1.38", False)
    assert found[f"{name} hash of argon2-cffi"] == ("0.69", True)
    assert found[f"{name} of libsodium after as long a pause"] == ("1.00", True)


def test_a_sign_in_stands_beside_the_hash_of_either_library() -> None:
    """hufu's own, which is the faster one, and the one that servers in Python use."""
    floors = [
        figure("floors", "sign-in", bare_hash("libsodium"), 40.0),
        figure("floors", "sign-in", bare_hash("argon2-cffi"), 20.0),
    ]
    found = reached(run(*floors, figure("hufu", "sign-in", "POST /fomo/customer/login", 30.0)))
    name = "sign-in, `fomo`, one core, against bare Argon2id of"
    assert found[f"{name} libsodium"] == ("0.75", False)
    assert found[f"{name} argon2-cffi"] == ("1.50", True)


def test_a_loss_is_shown_as_one() -> None:
    check = figure("hufu", "session check", "GET /v1/session", 40.0, 20.0)
    cached = figure("better-auth, cookie cache", "session check", "GET /x", 50.0, 25.0)
    found = run(BARE, check, cached, revoked={"ended": 100, "late": 1, "workers": 2})
    said = reached(found)
    assert said["`/v1/session` against bare ASGI"] == ("0.40", False)
    assert said["`/v1/session` against better-auth, cookie cache on"] == ("0.8 ×", False)
    assert said["revocation seen by another worker"] == ("1 of 100 late", False)
    assert said["start to ready, embedded database"] == ("3.50 s", False)
    assert "| `/v1/session` against bare ASGI | ≥ 0.5 | 0.40 | **no** |" in tables(found)


def test_two_workers_are_compared_by_what_they_used() -> None:
    call = ("hufu", "session check", "GET /rental/api/check_login")
    one = figure(*call, 60.0, 20.0, cpu=[1.0, 0.5])
    two = {**figure(*call, 57.0, 38.0, cpu=[1.0, 1.0]), "cores": "two cores"}
    name = "session checks, two workers on two cores against one on one"
    assert reached(run(BARE, one, two))[name] == ("1.90 ×", True)


def test_what_was_not_measured_is_not_reached() -> None:
    said = reached(run(BARE))
    assert said["`/v1/session` against bare ASGI"] == ("", None)
    assert "| not measured |" in tables(run(BARE))


def test_errors_and_what_is_missing_are_told() -> None:
    check = figure("hufu", "session check", "GET /v1/session", 40.0, 20.0, errors=7)
    found = tables(run(BARE, check, skipped={"better-auth": "node is not on this machine"}))
    assert "| **hufu** | `GET /v1/session` | 30.0 | 30.0 | 1.00 | 2.00 | 7 |" in found
    assert "Without better-auth: node is not on this machine." in found


def test_a_busy_machine_is_told() -> None:
    check = figure("hufu", "session check", "GET /v1/session", 40.0, 20.0, cpu=[0.2, 0.1])
    assert "Something else ran" not in tables(run(BARE))
    found = tables(run(BARE, check))
    assert "Something else ran on this machine meanwhile**: what" in found
    assert "| `GET /v1/session` | 30.0 | 200 |" in found


def test_the_picture_is_drawn_of_all() -> None:
    check = figure("hufu", "session check", "GET /v1/session", 40.0, 20.0)
    drawn = ElementTree.fromstring(picture(bars(run(BARE, check))))
    texts = [text for each in drawn.iter() if (text := each.text) and text.strip()]
    assert {"hufu /v1/session", "bare ASGI on Granian"} <= set(texts)
    widths = [float(each.get("width", 0)) for each in drawn.iter() if each.tag.endswith("rect")]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[1] > 0


def test_the_document_has_one_place_for_the_tables() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert re.findall(f"{FIRST}|{LAST}", text) == [FIRST, LAST]


def test_the_document_takes_the_tables_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, results = tmp_path / "performance.md", tmp_path / "latest.json"
    document.write_text(f"before\n{FIRST}old\n{LAST}after\n", "utf-8")
    results.write_text(report.json.dumps(run(BARE)), "utf-8")
    monkeypatch.setattr(report, "DOCUMENT", document)
    monkeypatch.setattr(report, "RESULTS", results)
    monkeypatch.setattr(report, "PICTURE", tmp_path / "performance.svg")
    report.main()
    text = document.read_text("utf-8")
    assert text.startswith(f"before\n{FIRST}")
    assert text.endswith(f"{LAST}after\n")
    assert "bare ASGI on Granian" in text
    assert "old" not in text
    assert (tmp_path / "performance.svg").read_text("utf-8").startswith("<svg ")
