"""Fifty at once, over and over: some against a server with two workers, and the tests of races."""

import asyncio
import os
import re
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from faults.crowd import Crowd, server_on
from faults.looking import looking
from faults.racing import AT_ONCE, Racing
from faults.scenario import Place, Report, Scenario, Size

TESTS = Path(__file__).parents[2]
RACES = (
    "test_reward_races.py::test_one_sign_in_a_day",
    "test_reward_races.py::test_two_who_name_each_other_make_one_link",
    "test_races.py::test_one_registration_completed_many_times_is_one_account",
    "test_races.py::test_one_grant_sets_one_password",
    "test_races.py::test_of_the_last_two_identifiers_one_stays",
    "test_races.py::test_one_handle_goes_to_one_account",
    "test_races.py::test_different_identities_at_once_leave_one",
    "test_races.py::test_the_same_identity_at_once_is_one_success_told_many_times",
    "test_races.py::test_one_captcha_pays_for_one_message",
    "test_races.py::test_of_wrong_codes_at_once_five_are_evaluated",
    "test_races.py::test_of_wrong_passwords_at_once_ten_are_evaluated",
    "test_ledger_races.py::test_five_shares_go_to_five_of_fifty",
    "test_ledger_races.py::test_one_account_has_one_share_of_a_word",
)
_COUNTS = re.compile(r"(\d+) (passed|failed|error)")
WORKERS = 2
ANSWERED_WITHIN = 1.0


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    report.say("rounds of each race", size.faults)
    await _over_sockets(report, place, size)
    if size.faults > 1:  # Once, they are run as the tests that they are.
        await _in_one_process(report, size)
    return report


async def _over_sockets(report: Report, place: Place, size: Size) -> None:
    database = await place.servers.made()
    lost = Counter[str]()
    async with (
        server_on(database.url, place.folder, WORKERS) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        with ExitStack() as stack:
            racing = Racing(Crowd(server.port, look, clients=1, least=0), look, stack)
            races = {
                "daily sign-in": racing.daily,
                "registration": racing.registration,
                "handle": racing.handle,
                "captcha": racing.captcha,
                "unbinding both": racing.unbinding,
            }
            for _ in range(size.faults):
                for name, race in races.items():
                    lost[name] += not await race()
    for name, rounds in lost.items():
        report.exactly(f"{name} over sockets, rounds with another outcome", rounds, 0)
    report.exactly("answered with 500 or more", racing.broken, 0)
    report.within("an answer over sockets", racing.took, ANSWERED_WITHIN)


async def _in_one_process(report: Report, size: Size) -> None:
    names = [str(TESTS / race) for race in RACES]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-n", "2", "--no-header", "-v", "--tb=line", *names),
        cwd=TESTS.parent,
        env={**os.environ, "HUFU_RACE_ROUNDS": str(size.faults)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed = (await process.communicate())[0].decode(errors="replace")
    counts = {what: int(count) for count, what in _COUNTS.findall(printed)}
    report.at_least("races within one process", len(RACES), len(RACES))
    report.exactly("races that had another number of winners", counts.get("failed", 0), 0)
    report.exactly("pytest's exit status", process.returncode or 0, 0)


SCENARIO = Scenario(
    "races",
    lambda size: (
        f"{size.faults} rounds of {AT_ONCE} at once, each on a connection of its own, against a "
        f"server with {WORKERS} workers: daily sign-in, registration, handle, captcha, unbinding "
        "both; and as many within one process of those and of password reset, mutual invitation, "
        "real name, wrong codes and passwords, words"
    ),
    run,
    small=Size(faults=1),
    full=Size(faults=200),
)
