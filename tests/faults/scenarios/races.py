"""Fifty at once, over and over: the tests of races, run often."""

import asyncio
import os
import re
import sys
from pathlib import Path

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
LAST_WORDS = 2000


async def run(_: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
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
    report.say("rounds of each race", size.faults)
    report.at_least("races", len(RACES), len(RACES))
    report.exactly("races that had another number of winners", counts.get("failed", 0), 0)
    report.exactly("pytest's exit status", process.returncode or 0, 0)
    return report


SCENARIO = Scenario(
    "races",
    lambda size: (
        f"{size.faults} rounds of 50 at once: daily sign-in, registration, password reset, mutual "
        "invitation, unbinding both, handle, real name, captcha, wrong codes and passwords, words"
    ),
    run,
    small=None,
    full=Size(faults=200),
)
