"""Every sample is answered as recorded, none is missing, and the reference tells of all."""

import re
from pathlib import Path

import pytest

from dialects import sample_files
from pages import cases_sessions
from pages.backend import Backend
from pages.cases import FOLDER, Case, recorded

CASES = cases_sessions.CASES
REFERENCE = Path(__file__).parents[2] / "docs" / "backend-api.md"
ROW = re.compile(r"^\| ([0-9]{3}) \| `([a-z_]+)` \|", re.MULTILINE)


@pytest.fixture
def recording(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("record_samples"))


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_sample_is_answered_as_recorded(
    case: Case, backend: Backend, recording: bool
) -> None:
    sample = await recorded(case, backend)
    if recording:
        case.file.parent.mkdir(parents=True, exist_ok=True)
        case.file.write_text(sample, "utf-8", newline="\n")
    assert case.file.exists(), f"{case} is not recorded: pytest tests/pages --record-samples"
    assert sample == case.file.read_text("utf-8")


def test_every_sample_has_one_case(recording: bool) -> None:
    wanted = [case.file for case in CASES]
    assert len(wanted) == len(set(wanted))
    stale = set(FOLDER.rglob("*.http")) - set(wanted)
    if recording:
        for file in stale:
            file.unlink()
    else:
        assert not stale


def test_the_reference_lists_every_problem_and_no_other() -> None:
    samples = [sample_files.split(case.file.read_text("utf-8")) for case in CASES]
    code = re.compile('"code":"([a-z_]+)"')
    answered = {
        (str(parts.status), *code.findall(parts.answer_body))
        for parts in samples
        if parts.status >= 400
    }
    assert set(ROW.findall(REFERENCE.read_text("utf-8"))) == answered
