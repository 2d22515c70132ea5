"""How many cores a process may keep busy."""

import os
from pathlib import Path

import pytest

from hufu.services.cores import share_of_cores, usable_cores

QUOTAS = {
    "max 100000\n": 4,
    "200000 100000\n": 2,
    "250000 100000\n": 2,
    "50000 100000\n": 1,
    "900000 100000\n": 4,
    "": 4,
}


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2, 4, 6}, raising=False)


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize(("quota", "cores"), QUOTAS.items())
def test_no_more_than_the_container_may_use(tmp_path: Path, quota: str, cores: int) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(quota)
    assert usable_cores(file) == cores


@pytest.mark.usefixtures("four_cores")
def test_without_a_quota_the_cores_that_it_may_run_on(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "none") == 4


def test_workers_share_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hufu.services.cores.usable_cores", lambda: 4)
    assert [share_of_cores(workers) for workers in (1, 2, 3, 4, 9)] == [4, 2, 1, 1, 1]
