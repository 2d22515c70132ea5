"""Every recorded sample is answered as recorded, and none is missing."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from conftest import GENEROUS
from dialects import sample_files
from dialects.sampling import OK, Case, Samples, Stage, all_samples
from front_door import World, opened
from hufu.settings import DIALECTS

SAMPLES = all_samples()
CASES = [case for samples in SAMPLES for case in samples.cases]
each_dialect = pytest.mark.parametrize(
    "samples", SAMPLES, ids=[samples.dialect.name for samples in SAMPLES]
)


@pytest.fixture
def recording(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("record_samples"))


class Servers:
    """Servers over one database: one for each group of cases with the same settings."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._worlds: dict[str, World] = {}
        self._open = AsyncExitStack()

    async def world(self, settings: Mapping[str, object]) -> World:
        """A server with these settings, as if it had just been started."""
        key = repr(sorted(settings.items()))
        if key not in self._worlds:
            opening = opened(self._url, self._folder, {**GENEROUS, **settings})
            self._worlds[key] = await self._open.enter_async_context(opening)
        world = self._worlds[key]
        world.clock.shift = timedelta()
        return replace(world)

    async def close(self) -> None:
        await self._open.aclose()


@pytest.fixture(scope="session")
async def servers(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Servers]:
    servers = Servers(database_url, tmp_path_factory.mktemp("samples"))
    yield servers
    await servers.close()


@pytest.mark.usefixtures("empty_database")
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_sample_is_answered_as_recorded(
    case: Case, servers: Servers, recording: bool
) -> None:
    sample = await Stage(await servers.world(case.settings), case.samples).record(case)
    if recording:
        case.file.parent.mkdir(parents=True, exist_ok=True)
        case.file.write_text(sample, "utf-8", newline="\n")
    assert case.file.exists(), f"{case} is not recorded: pytest tests/dialects --record-samples"
    assert sample == case.file.read_text("utf-8")


@each_dialect
def test_no_recorded_sample_is_without_its_case(samples: Samples, recording: bool) -> None:
    wanted = {case.file for case in samples.cases}
    stale = set(sample_files.folder(samples.dialect.name).rglob("*.http")) - wanted
    if recording:
        for file in stale:
            file.unlink()
    else:
        assert not stale


def test_every_dialect_has_samples() -> None:
    assert [samples.dialect.name for samples in SAMPLES] == list(DIALECTS)


@each_dialect
def test_the_contract_lists_the_rows_of_the_table(samples: Samples) -> None:
    assert list(samples.contract) == [*sample_files.rows(samples.dialect), sample_files.ANY]


@each_dialect
def test_every_endpoint_has_a_plain_success(samples: Samples) -> None:
    plain = {case.row for case in samples.cases if case.name == OK}
    assert set(sample_files.rows(samples.dialect)) <= plain


@each_dialect
def test_every_refusal_of_the_contract_has_a_sample_and_no_other_occurs(
    samples: Samples, recording: bool
) -> None:
    if recording:
        pytest.skip("the samples are being written")
    problems = []
    present = [case for case in samples.cases if case.file.exists()]
    for row, listed in samples.contract.items():
        recorded = {outcome_of(case) for case in present if case.row == row}
        recorded.discard(OK)
        problems += [f"{row}: no sample of {missing}" for missing in set(listed) - recorded]
        problems += [f"{row}: {other} is not listed" for other in recorded - set(listed)]
    assert not problems


def outcome_of(case: Case) -> str:
    parts = sample_files.split(case.file.read_text("utf-8"))
    body = re.sub("«(?!jpeg)[^»]*»", "0", parts.answer_body)  # Makes JSON of it again.
    return case.samples.outcome(parts.status, body)
