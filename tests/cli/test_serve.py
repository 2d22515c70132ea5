"""`hufu serve` as an operator meets it: starting, refusing to, surviving, draining."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from cli.serving import (
    HOST,
    HUFU,
    PATIENCE,
    Said,
    Serving,
    begun,
    clean,
    free_port,
    ready_after,
    serving,
    until,
)
from hufu.cli import serve as cli_serve
from hufu.cli import serving as cli_serving
from hufu.cli.init import configuration_text
from hufu.cli.main import main
from hufu.configuration import Configuration
from hufu.settings import Settings

MOBILE, PASSWORD = "13900000001", "open-sesame"
NOWHERE = "postgresql://hufu@127.0.0.1:1/hufu"
LIKE_POSTGRESQL = "must be like postgresql://user@host/name"
LIKE_PUBLIC = "public_url: must be like https://id.example.com"
UNUSABLE = [
    ("apps = 1\n", "apps: must be a table of apps, such as [apps.fomo]"),
    ('[[apps]]\ndialect = "fomo"\n', "apps: must be a table of apps, such as [apps.fomo]"),
    ("apps.fomo = 1\n", "apps.fomo: must be a table"),
    ('public_url = "http://[id.example.com"\n', LIKE_PUBLIC),
    ('public_url = "http://id.example.com:port"\n', LIKE_PUBLIC),
    *(
        (f'{name} = "postgresql://hufu:hush-hush@{host}/hufu"\n', f"{name}: {LIKE_POSTGRESQL}")
        for name in ("database_url", "replica_url")
        for host in ("[db.example.com", "db\N{ACCOUNT OF}.example.com")
    ),
]
"""What is wrong in a file, and how it is told."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A development server with two workers; who hurts it waits until it is well again."""
    with serving(tmp_path_factory.mktemp("two") / "data", "--workers", "2") as server:
        until(lambda: len(server.workers()) == 2)
        yield server


# Development


def test_it_says_when_it_is_ready(server: Serving) -> None:
    until(lambda: "Ready after" in server.printed())
    assert 0 < ready_after(server) < PATIENCE
    assert server.get("/health").status == 200


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        ("/fomo/customer/login", 200, b'"status":0'),
        ("/company/user/login", 200, b'{"code":"400"}'),
        ("/rental/api/login", 200, b'"errno":4103'),
        ("/creator/user/login", 400, b'"parameter error"'),
    ],
)
def test_it_serves_all_four_apps(server: Serving, path: str, status: int, answer: bytes) -> None:
    said = server.ask("POST", path)
    assert said.status == status
    assert answer in said.body


def test_an_app_is_found_by_its_host_too(server: Serving) -> None:
    said = server.ask("POST", "/user/login", headers={"Host": f"company.localhost:{server.port}"})
    assert said.body == b'{"code":"400"}'


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/_dev", "text/html; charset=utf-8"),
        ("/_dev/outbox", "application/json; charset=utf-8"),
        ("/metrics", "text/plain; version=1.0.0; charset=utf-8"),
    ],
)
def test_it_has_pages(server: Serving, path: str, content_type: str) -> None:
    said = server.get(path)
    assert (said.status, said.headers["content-type"]) == (200, content_type)


@pytest.mark.parametrize("path", ["/health", "/nothing", "/fomo/customer/login", "/metrics"])
def test_answers_do_not_say_what_serves_them(server: Serving, path: str) -> None:
    assert server.get(path).headers["server"] == "-"


@pytest.mark.parametrize(
    "ends",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding : chunked",
        b"Content-Length: 0\r\nContent-Length: 5",
        b"Content-Length: +5",
    ],
)
def test_one_message_is_never_read_as_two(server: Serving, ends: bytes) -> None:
    head = b"POST /fomo/customer/login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    inside = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        connection.sendall(head + ends + b"\r\n\r\n0\r\n\r\n" + inside)
        received = b""
        while more := connection.recv(65536):  # The server hangs up.
            received += more
    assert received.count(b"HTTP/1.1 ") == 1
    assert b'{"status":"ok"}' not in received


def test_it_says_where_everything_is(server: Serving) -> None:
    printed = server.printed()
    for app in ("fomo", "company", "rental", "creator"):
        assert (
            f"http://127.0.0.1:{server.port}/{app}, or any path of host {app}.localhost" in printed
        )
    assert f"embedded, in {server.data}" in printed
    assert "nothing is ever sent" in printed


def test_a_taken_port_is_told_in_one_line(server: Serving, tmp_path: Path) -> None:
    command = [HUFU, "serve", "--data", tmp_path / "data", "--port", str(server.port)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, env=clean({}), check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    complaint = f"cannot listen on 127.0.0.1, port {server.port}: Address already in use"
    assert done.stderr == f"Error: {complaint}\n"
    assert not (tmp_path / "data" / "postgres").exists()


def test_what_workers_are_forked_from_has_one_thread(server: Serving) -> None:
    """Or else a fork of it might wait for a lock that a thread held which is not there."""
    (worker, *_) = server.workers()
    fork_server = psutil.Process(worker).parent()
    assert fork_server is not None
    assert fork_server.num_threads() == 1


# What befalls it


def test_a_killed_worker_is_replaced(server: Serving) -> None:
    before = server.workers()
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    until(lambda: victim not in server.workers() and len(server.workers()) == 2)
    server.wait_ready()
    assert len(server.workers() & before) == 1
    until(lambda: re.search(rf"worker_ended +pid={victim} served=True", server.printed()))


def test_a_worker_begins_though_its_folder_of_figures_was_cleared(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        (old,) = server.workers()
        files = [Path(each.path) for each in psutil.Process(old).open_files()]
        shutil.rmtree(next(each.parent for each in files if cli_serve.FIGURES in str(each)))
        os.kill(old, signal.SIGKILL)
        until(lambda: not {old} & server.workers() and server.answers() == 200)
        assert b"hufu_http_turned_away_total" in server.get("/metrics").body


def test_figures_of_servers_that_were_killed_are_removed(tmp_path: Path) -> None:
    left, held, young = (tmp_path / f"{cli_serve.FIGURES}{name}" for name in "abc")
    for each in (left, held, young):
        each.mkdir()
        (each / "counter_1.db").write_bytes(b"")
    for each in (left, held):
        os.utime(each, (0, 0))
    with cli_serve._held(str(held)):
        cli_serve._remove_left(tmp_path)
    assert sorted(tmp_path.iterdir()) == [held, young]


def test_workers_are_replaced_without_a_lost_request(server: Serving) -> None:
    """While clients keep their connections and ask on them all the time."""
    before, ended = server.workers(), threading.Event()

    def ask_on() -> list[int | str]:
        told: list[int | str] = []
        connection = HTTPConnection(HOST, server.port, timeout=PATIENCE)
        while not ended.wait(0.02):
            try:
                connection.request("GET", "/health")
                answer = connection.getresponse()
                answer.read()
                told.append(answer.status)
            except (OSError, HTTPException) as error:
                told.append(repr(error))
                connection.close()
        connection.close()
        return told

    with ThreadPoolExecutor(4) as clients:
        asked = [clients.submit(ask_on) for _ in range(4)]
        try:
            server.process.send_signal(signal.SIGUSR2)
            until(lambda: not before & server.workers() and len(server.workers()) == 2)
        finally:
            ended.set()
    told = [each for one in asked for each in one.result()]
    assert set(told) == {200}
    assert len(told) > 100


def test_a_killed_database_comes_back(server: Serving) -> None:
    before = server.database_pid()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    until(lambda: server.database_pid() not in {before, None})
    until(lambda: server.answers() == 200)
    # The connections that each worker lost with it are noticed one by one.
    until(lambda: server.form("/fomo/customer/login", login_name=MOBILE, pwd="x").status == 200)
    assert server.process.poll() is None


def test_without_its_parent_no_worker_stays(tmp_path: Path) -> None:
    elsewhere = {"HUFU_DATABASE_URL": NOWHERE, "TMPDIR": str(tmp_path)}  # It cannot tidy up.
    with begun(tmp_path / "data", **elsewhere) as server:
        until(lambda: server.answers("/health") == 200)
        (worker,) = server.workers()
        server.end(signal.SIGKILL)
        until(lambda: not psutil.pid_exists(worker))
        assert not server.accepts()


# Ending and starting again


@dataclass(frozen=True)
class Ended:
    """What was seen of a server that was told to end with a request under way."""

    data: Path
    answer: Said
    exit_status: int
    database_runs: bool


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A server that has registered somebody and, while a sign-in was being sent, got SIGTERM."""
    with serving(tmp_path_factory.mktemp("one") / "data") as server:
        register(server)
        body = b'{"mobile": "%s", "password": "%s"}' % (MOBILE.encode(), PASSWORD.encode())
        head = (
            b"POST /rental/api/login HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        )
        with socket.create_connection((HOST, server.port), timeout=PATIENCE) as client:
            client.sendall(head % len(body))
            # So it says when it begins to read the body (RFC 9110, 10.1.1).
            assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(body[:10])
            server.process.send_signal(signal.SIGTERM)
            until(lambda: not server.accepts())
            client.sendall(body[10:])
            raw = b"".join(iter(lambda: client.recv(4096), b""))
        status = server.process.wait(PATIENCE)
    top, _, answer = raw.partition(b"\r\n\r\n")
    runs = server.database().running()
    return Ended(server.data, Said(int(top.split()[1]), {}, answer), status, runs)


def register(server: Serving) -> None:
    begun = server.form("/fomo/customer/register", user_name=MOBILE, pwd=PASSWORD).json()["data"]
    done = server.form("/fomo/customer/complete_register", verify_code=server.code(MOBILE), **begun)
    assert done.json()["status"] == 1


def test_what_is_under_way_is_answered(ended: Ended) -> None:
    assert ended.answer.status == 200
    assert ended.answer.json() == {"errno": 0, "errmsg": "OK"}


def test_it_ends_well(ended: Ended) -> None:
    assert ended.exit_status == 0
    assert not ended.database_runs


def test_it_starts_again_with_its_data_and_ends_with_the_terminal(ended: Ended) -> None:
    with serving(ended.data, "--app", "rental") as server:
        signed_in = server.json("/api/login", mobile=MOBILE, password=PASSWORD)
        assert signed_in.json() == {"errno": 0, "errmsg": "OK"}
        assert server.get("/rental/api/check_login").status == 404
        assert server.get("/fomo/customer/login").status == 404
        assert server.end(signal.SIGHUP) == 0, server.printed()
        assert not server.accepts()


def test_it_can_be_ended_while_it_starts(tmp_path: Path) -> None:
    with begun(tmp_path / "data") as server:
        until(lambda: server.database_pid() is not None or server.process.poll() is not None)
        assert server.end() == 0, server.printed()
    assert not server.database().running()


# Production


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration as `hufu init` writes it, filled in."""
    file = tmp_path_factory.mktemp("production") / "hufu.toml"
    text = configuration_text()
    file.write_text(text.replace('public_url = ""', 'public_url = "http://id.example.com"'))
    return file


@pytest.fixture(scope="module")
def production(configured: Path) -> Iterator[Serving]:
    """A production server whose database is not there."""
    data, config = configured.with_name("data"), ("--config", str(configured))
    with begun(data, *config, HUFU_DATABASE_URL=NOWHERE) as server:
        until(lambda: server.answers("/health") == 200)
        yield server


def test_production_lists_its_deviations(production: Serving) -> None:
    printed = production.printed()
    assert "Deviations in force " in printed
    for apps, deviation in (
        ("fomo", "one-grant-two-powers (ASVS 6.4.3)"),
        ("company", "md5-passwords (ASVS 11.4.1)"),
        ("rental, creator", "get-with-effect (ASVS 3.5.3)"),
        ("creator", "phone-in-path (ASVS 14.2.1)"),
        ("all apps", "plain-http (ASVS 12.2.1)"),
    ):
        assert f"\n  {deviation}, {apps}: " in printed
    assert "recommender-phone-shown" not in printed
    assert 'http, without TLS; public_url = "https://id.example.com" stops it\n' in printed
    assert 'in full; identity_number = "masked" stops it\n' in printed
    assert "WARNING    fomo: SMS and e-mail stay in the outbox, unsent" in printed


@pytest.mark.parametrize("path", ["/_dev", "/_dev/outbox", "/_dev/captcha"])
def test_production_has_no_development_pages(production: Serving, path: str) -> None:
    assert production.get(path).status == 404


def test_it_waits_for_its_database_and_says_so(production: Serving) -> None:
    said = production.get("/ready")
    assert said.status == 503
    assert said.json()["problems"] == {"database": "cannot be reached"}
    until(lambda: "Not ready: database: cannot be reached" in production.printed())
    said = production.form("/fomo/customer/login", login_name=MOBILE, pwd=PASSWORD)
    assert (said.status, said.json()["status"]) == (503, 5)


# Settings that change while it serves


def test_workers_that_come_later_have_the_settings_of_then(
    tmp_path: Path, configured: Path, database_url: str
) -> None:
    """Those that cannot change are named."""
    config, before = tmp_path / "hufu.toml", configured.read_text()

    def write(**settings: object) -> None:
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
        draft = config.with_suffix(".draft")
        draft.write_text("".join(lines) + before)
        draft.replace(config)

    write(database_url=NOWHERE, workers=1)
    with begun(tmp_path / "data", "--config", str(config)) as server:
        until(lambda: server.answers("/health") == 200)
        until(lambda: "Not ready: database: cannot be reached" in server.printed())
        old = server.workers()
        write(database_url=database_url, workers=2, host="127.0.0.2", port=1, only_app="rental")
        server.process.send_signal(signal.SIGUSR2)
        until(lambda: not old & server.workers() and server.answers() == 200)
        assert server.get("/fomo/customer/login").status == 404
        assert len(server.workers()) == 1
        told = [json.loads(line) for line in server.printed().splitlines() if "needs_res" in line]
        assert [each["settings"] for each in told] == [["host", "workers"]]


def test_settings_that_cannot_be_used_replace_nobody(tmp_path: Path, configured: Path) -> None:
    config, before = tmp_path / "hufu.toml", configured.read_text()
    config.write_text(f'database_url = "{NOWHERE}"\n{before}')
    with begun(tmp_path / "data", "--config", str(config)) as server:
        until(lambda: server.answers("/health") == 200)
        old = server.workers()
        config.write_text(f"prot = 1\n{before}")
        server.process.send_signal(signal.SIGUSR2)
        until(lambda: '"prot: there is no such setting; did you mean port?"' in server.printed())
        until(lambda: '"event": "worker_broken"' in server.printed())
        until(lambda: '"left": 1, "event": "replacing_given_up"' in server.printed())
        for times, (wrong, complaint) in enumerate(UNUSABLE, 2):
            config.write_text(unusable(before, wrong))
            server.process.send_signal(signal.SIGUSR2)
            until(lambda times=times: server.printed().count("settings_refused") == times)
            assert json.dumps(complaint) in server.printed()
        assert old <= server.workers()
        assert server.answers("/health") == 200
        assert "hush-hush" not in server.printed()
        assert "Traceback" not in server.printed()
        told = [line for line in server.printed().splitlines() if "worker_broken" in line]
        assert json.loads(told[0])["error"] == "SettingsRefused"
        assert json.loads(told[0])["reason"].startswith("prot: there is no such setting")


def unusable(text: str, wrong: str) -> str:
    """A configuration in which something is wrong that is right in `text`; it has no tables."""
    name, head = wrong.partition(" ")[0], text.partition("\n[")[0]
    lines = [line for line in head.splitlines() if not line.startswith(f"{name} =")]
    return "\n".join([*lines, wrong])


def test_an_error_that_nobody_thought_of_is_told_by_its_kind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_again() -> Configuration:
        raise KeyError("hush-hush")

    monkeypatch.setattr(cli_serving, "configure", lambda _: None)
    with capture_logs() as logs:
        cli_serving._tell_unchanged(Settings(), read_again)
    assert [(each["event"], each["reason"]) for each in logs] == [("settings_refused", "KeyError")]
    assert "hush-hush" not in "".join(capsys.readouterr())


def test_an_embedded_database_stays(tmp_path: Path, configured: Path) -> None:
    config, before = tmp_path / "hufu.toml", configured.read_text()
    config.write_text(before)
    with serving(tmp_path / "data", "--config", str(config)) as server:
        old = server.workers()
        config.write_text(f'database_url = "{NOWHERE}"\n{before}')
        server.process.send_signal(signal.SIGUSR2)
        until(lambda: not old & server.workers() and bool(server.workers()))
        assert server.answers() == 200
        assert '"settings": ["database_url"]' in server.printed()


# Refusing to start


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CliRunner]:
    """Runs the command in this process, for one that is refused before it starts anything."""
    for name in clean({}).keys() ^ os.environ.keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield CliRunner()
    signal.signal(signal.SIGTERM, before)
    assert not (tmp_path / "hufu-data" / "postgres").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "id.example.com"])
def test_development_listens_on_loopback_only(refusal: CliRunner, host: str) -> None:
    done = refusal.invoke(main, ["serve", "--host", host])
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: host: ")
    assert host in done.stderr


@pytest.mark.parametrize("name", ["pepper", "identity_key", "public_url"])
def test_production_needs_what_only_an_operator_can_say(
    refusal: CliRunner, configured: Path, name: str
) -> None:
    config = Path("hufu.toml")
    lines = configured.read_text().splitlines(keepends=True)
    config.write_text("".join(line for line in lines if not line.startswith(f"{name} =")))
    done = refusal.invoke(main, ["serve", "--config", str(config)])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {name}: must be set")


@pytest.mark.parametrize(
    ("variable", "complaint"),
    [
        ("HUFU_PROT", "prot: there is no such setting; did you mean port?"),
        (
            "HUFU_LIMITS__SENDS_PER_MINUT",
            "limits.sends_per_minut: there is no such setting; did you mean sends_per_minute?",
        ),
        (
            "HUFU_APPS__COMPANY__LOGO_HOST",
            "apps.company.logo_host: there is no such setting; did you mean logo_hosts?",
        ),
    ],
)
def test_a_setting_that_does_not_exist_is_named(
    refusal: CliRunner, monkeypatch: pytest.MonkeyPatch, variable: str, complaint: str
) -> None:
    monkeypatch.setenv(variable, "1")
    done = refusal.invoke(main, ["serve"])
    assert (done.exit_code, done.stderr) == (1, f"Error: {complaint}\n")


@pytest.mark.parametrize("command", ["serve", "settings", "migrate"])
@pytest.mark.parametrize(("wrong", "complaint"), UNUSABLE)
def test_a_setting_that_cannot_be_used_is_named_without_its_value(
    refusal: CliRunner, configured: Path, command: str, wrong: str, complaint: str
) -> None:
    config = Path("hufu.toml")
    config.write_text(unusable(configured.read_text(), wrong))
    done = refusal.invoke(main, [command, "--config", str(config)])
    assert (done.exit_code, done.stderr) == (1, f"Error: {complaint}\n")


@pytest.mark.parametrize(
    ("variable", "complaint"),
    [
        ("HUFU_APPS", "apps: must be a table of apps, such as [apps.fomo]"),
        ("HUFU_APPS__FOMO", "apps.fomo: must be a table"),
    ],
)
def test_apps_are_tables_in_development_too(
    refusal: CliRunner, monkeypatch: pytest.MonkeyPatch, variable: str, complaint: str
) -> None:
    monkeypatch.setenv(variable, "1")
    done = refusal.invoke(main, ["serve"])
    assert (done.exit_code, done.stderr) == (1, f"Error: {complaint}\n")


def test_an_app_that_does_not_exist_is_named(refusal: CliRunner) -> None:
    done = refusal.invoke(main, ["serve", "--app", "fomoo"])
    assert (done.exit_code, done.stderr) == (1, "Error: only_app: there is no app fomoo\n")


def test_what_the_workers_could_not_build_is_told(
    refusal: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = Path("templates")
    (templates / "zh").mkdir(parents=True)
    (templates / "zh" / "register.txt").write_text("no code in it")
    monkeypatch.setenv("HUFU_TEMPLATES_DIR", str(templates))
    done = refusal.invoke(main, ["serve", "--port", str(free_port())])
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert "register" in done.stderr
