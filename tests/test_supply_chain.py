"""What hufu needs to run is pinned by its hash, listed, and looked up among vulnerabilities."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PINNED = re.compile(r"^([a-z0-9-]+)==([^ ]+)", re.MULTILINE)
NOWHERE = "http://127.0.0.1:9/v1/query"
PATIENCE = 50

with_make = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


def requirements(name: str) -> str:
    return (REPOSITORY / "requirements" / f"{name}.txt").read_text("utf-8")


def make(target: str, *variables: str) -> subprocess.CompletedProcess[str]:
    """Run a target without first bringing .venv up to date, as the tests run in it."""
    as_it_is = ("--assume-old=.venv/.dev", "--assume-old=.venv/.run")
    return subprocess.run(
        ["make", "--no-print-directory", *as_it_is, target, *variables],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def vulnerable(package: str, status: int = 200) -> Iterator[str]:
    """A list of known vulnerabilities that knows one, of that package; its URL."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            named = asked["package"]
            known = {"id": "HUFU-2030-1", "summary": "made up", "affected": [{"package": named}]}
            body = json.dumps({"vulns": [known]} if named["name"] == package else {}).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("name", "least"), [("run", 20), ("dev", 20), ("patroni", 10), ("patroni-source", 1)]
)
def test_every_requirement_is_pinned_by_hash(name: str, least: int) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", requirements(name))[1:]
    assert len(entries) > least
    assert all(PINNED.match(entry) and "--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("name", ["run", "dev", "fuzz", "patroni", "patroni-source"])
def test_no_requirement_names_a_host(name: str) -> None:
    assert "://" not in requirements(name)
    assert "index-url" not in requirements(name)


@with_make
def test_a_known_vulnerability_is_a_failure() -> None:
    with vulnerable("starlette") as url:
        done = make("audit", f"ARGS=--osv-url {url}")
    assert done.returncode != 0
    assert "starlette" in done.stderr
    assert "HUFU-2030-1" in done.stderr


@with_make
def test_none_is_none() -> None:
    with vulnerable("another") as url:
        done = make("audit", f"ARGS=--osv-url {url}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@with_make
def test_a_list_out_of_reach_is_told_in_one_line() -> None:
    done = make("audit", f"ARGS=--osv-url {NOWHERE}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert "cannot be reached" in done.stdout


@with_make
def test_a_list_that_fails_is_out_of_reach() -> None:
    with vulnerable("starlette", status=503) as url:
        done = make("audit", f"ARGS=--osv-url {url}")
    assert done.returncode == 0
    assert "cannot be reached" in done.stdout


@with_make
def test_whatever_else_goes_wrong_is_a_failure() -> None:
    done = make("audit", "ARGS=--requirement requirements/none.txt")
    assert done.returncode != 0
    assert "none.txt" in done.stderr


@with_make
def test_the_list_of_what_is_needed_names_all_of_it(tmp_path: Path) -> None:
    done = make("sbom", f"SBOM={tmp_path / 'sbom.json'}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    written = json.loads((tmp_path / "sbom.json").read_text("utf-8"))
    assert written["bomFormat"] == "CycloneDX"
    assert written["metadata"]["component"]["name"] == "hufu"
    listed = {(each["name"], each["version"]) for each in written["components"]}
    assert listed == set(PINNED.findall(requirements("run")))
