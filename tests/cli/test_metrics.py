"""`/metrics` of a real server with two workers, under load and after one of them died."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cli.serving import Serving, serving, until

PHONE, PASSWORD = "13900000001", "open-sesame"
SLOTS = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    data = tmp_path_factory.mktemp("metrics") / "data"
    settings = {"HUFU_HASH__SLOTS": str(SLOTS), "HUFU_DATABASE__CONNECTIONS": "4"}
    with serving(data, "--workers", "2", **settings) as server:
        until(lambda: len(server.workers()) == 2)
        yield server


def metric(server: Serving, name: str, **labels: str) -> float | None:
    families = text_string_to_metric_families(server.get("/metrics").body.decode())
    samples = [each for family in families for each in family.samples if each.name == name]
    found = [each.value for each in samples if labels.items() <= each.labels.items()]
    return sum(found) if found else None


def test_what_two_workers_do_is_added_up(server: Serving) -> None:
    begun = server.form("/fomo/customer/register", user_name=PHONE, pwd=PASSWORD).json()["data"]
    server.form("/fomo/customer/complete_register", verify_code=server.code(PHONE), **begun)

    def sign_in(number: int) -> int:
        password = PASSWORD if number % 2 else "no such password"
        answer = server.form("/fomo/customer/login", login_name=PHONE, pwd=password)
        assert answer.status == 200  # Whatever it says.
        return int(answer.json()["status"])

    endpoint = {"app": "fomo", "endpoint": "customer/login"}
    before = metric(server, "hufu_answers_total", **endpoint) or 0
    right_before = metric(server, "hufu_answers_total", **endpoint, outcome="ok") or 0
    with ThreadPoolExecutor(8) as clients:
        told = list(clients.map(sign_in, range(40)))
    right = told.count(1)
    assert 0 < right < 40
    until(lambda: metric(server, "hufu_answers_total", **endpoint) == before + 40)
    assert metric(server, "hufu_answers_total", **endpoint, outcome="ok") == right + right_before
    assert metric(server, "hufu_answers_total", **endpoint, outcome="PasswordWrong")
    assert (metric(server, "hufu_answer_seconds_count", **endpoint) or 0) >= 40
    assert (metric(server, "hufu_event_loop_lag_seconds_count") or 0) > 0
    until(lambda: metric(server, "hufu_database_connections_most") == 8)
    connected = metric(server, "hufu_database_connections") or 0
    assert 2 <= connected <= 8
    until(lambda: metric(server, "hufu_outbox_letters", app="fomo", channel="sms") == 0)


def test_a_worker_that_died_is_not_counted_for_ever(server: Serving) -> None:
    until(lambda: metric(server, "hufu_work_slots", work="hash") == 2 * SLOTS)
    before = metric(server, "hufu_answers_total", app="fomo") or 0
    server.form("/fomo/customer/login", login_name=PHONE, pwd=PASSWORD)
    victim = min(server.workers())
    until(lambda: (metric(server, "hufu_answers_total", app="fomo") or 0) > before)
    os.kill(victim, signal.SIGKILL)
    until(lambda: victim not in server.workers() and len(server.workers()) == 2)
    until(lambda: metric(server, "hufu_work_slots", work="hash") == 2 * SLOTS)
    assert (metric(server, "hufu_answers_total", app="fomo") or 0) > before
