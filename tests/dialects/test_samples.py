"""Every recorded sample is answered as recorded, and none is missing."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from conftest import GENEROUS
from dialects import sample_files
from dialects.sampling import OK, Case, Samples, Stage, all_samples
from front_door import World, opened
from hufu.app import Server
from hufu.settings import DIALECTS

SAMPLES = all_samples()
CASES = [case for samples in SAMPLES for case in samples.cases]
each_dialect = pytest.mark.parametrize(
    "samples", SAMPLES, ids=[samples.dialect.name for samples in SAMPLES]
)


@pytest.fixture
def recording(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("record_samples"))


@pytest.fixture(scope="session")
async def common_world(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """A server with the settings that most cases need."""
    async with opened(database_url, tmp_path_factory.mktemp("samples"), GENEROUS) as world:
        yield world


async def perform(
    case: Case,
    common_world: World,
    world_with: Callable[..., AbstractAsyncContextManager[World]],
) -> str:
    """The sample as the server answers it now, over an empty database."""
    if case.settings:
        async with world_with(case.settings) as world:
            return await Stage(world, case.samples).record(case)
    clock = common_world.clock
    clock.shift = timedelta()
    world = World(common_world.core, Server(common_world.core), clock, common_world.url)
    return await Stage(world, case.samples).record(case)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_sample_is_answered_as_recorded(
    case: Case,
    common_world: World,
    world_with: Callable[..., AbstractAsyncContextManager[World]],
    recording: bool,
) -> None:
    sample = await perform(case, common_world, world_with)
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
    for row, listed in samples.contract.items():
        recorded = {outcome_of(case) for case in samples.cases if case.row == row}
        recorded.discard(OK)
        problems += [f"{row}: no sample of {missing}" for missing in set(listed) - recorded]
        problems += [f"{row}: {other} is not listed" for other in recorded - set(listed)]
    assert not problems


def outcome_of(case: Case) -> str:
    parts = sample_files.split(case.file.read_text("utf-8"))
    body = re.sub("«(?!jpeg)[^»]*»", "0", parts.answer_body)  # Makes JSON of it again.
    return case.samples.outcome(parts.status, body)
