"""Recorded samples: for each endpoint and each of its refusals, a request and its answer.

How to write a case, in a file `cases*.py` of the dialect's folder:

    @case("customer/rec_pwd2", "105-wrong-code")
    async def _(stage: Stage) -> Request:
        begun = await stage.do(call("rec_pwd1", user_name=PHONE))
        return call("rec_pwd2", **begun["data"], verify_code=WRONG_CODE)

The function prepares the world and returns the one request that is the sample. Steps of the
preparation go through `stage.do`, which answers JSON and refuses to go on when a step fails (or
`stage.succeed`, for the whole answer with its cookies), or `stage.send`, which does not mind.
Codes and captchas are read by `stage.code` and `stage.captcha`; time passes by `stage.advance`. A
server with other settings: `@case(…, settings={"apps.fomo.hardening": "strict"})`; one whose
services fail: `failing.py`, or `stage.swap`.

`case` is the method of the dialect's `Samples`, in its `contract.py`: what the protocol lists for
each row, where volatile values stand, and how an answer's outcome is read. All fields of requests
must be the same every time, except for values that came out of the preparation.

`pytest tests/dialects --record-samples` writes the files anew; read what changed before you commit.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from dialects import sample_files
from dialects.marks import Marker, Rules, picture
from dialects.requests import Request
from front_door import Answer, World
from hufu.actions.deps import Deps
from hufu.app import Server
from hufu.settings import DIALECTS
from hufu.wire.dialect import Dialect

Prepare = Callable[["Stage"], Awaitable[Request]]

OK = "ok"
NO_CONTENT = 204


@dataclass(frozen=True)
class Case:
    """One sample: how the world is prepared for it, and which request it is."""

    samples: "Samples"
    row: str
    name: str
    prepare: Prepare = field(repr=False)
    settings: Mapping[str, object]

    @property
    def file(self) -> Path:
        """Where it is recorded."""
        return sample_files.path_of(self.samples.dialect.name, self.row, self.name)

    def __str__(self) -> str:
        return f"{self.samples.dialect.name}/{self.file.parent.name}/{self.name}"


@dataclass
class Samples:
    """A dialect's cases, and what its contract says about them.

    `contract` lists the outcomes of every row beside success. `outcome` reads one from an HTTP
    status and a body: OK, or a number and perhaps a text; the samples' names begin with OK or that
    number. `volatile` are the rules by which values are marked (see `marks.py`).
    """

    dialect: Dialect[Any]
    contract: Mapping[str, tuple[str, ...]]
    outcome: Callable[[int, str], str]
    volatile: Rules
    cases: list[Case] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def case(
        self, row: str, name: str, *, settings: Mapping[str, object] | None = None
    ) -> Callable[[Prepare], Prepare]:
        """Make the function the sample `name` of the row."""

        def add(prepare: Prepare) -> Prepare:
            case = Case(self, row, name, prepare, settings or {})
            assert str(case) not in self.names, f"there are two cases {case}"
            self.names.add(str(case))
            self.cases.append(case)
            return prepare

        return add


def all_samples() -> list[Samples]:
    """Every dialect's samples, its cases loaded; a dialect without any has none."""
    found = []
    for name in DIALECTS:
        folder = sample_files.FOLDER / name
        if (folder / "contract.py").exists():
            for file in sorted(folder.glob("cases*.py")):
                import_module(f"dialects.{name}.{file.stem}")
            found.append(import_module(f"dialects.{name}.contract").SAMPLES)
    return found


class Stage:
    """The world as a case prepares it. What it says on the way is remembered, to be marked."""

    def __init__(self, world: World, samples: Samples) -> None:
        self.world = world
        self.samples = samples
        self.marker = Marker(samples.volatile, datetime.now(UTC))

    @property
    def deps(self) -> Deps:
        """What the actions of the dialect's app are given."""
        return self.world.deps(self.samples.dialect.name)

    async def send(self, request: Request) -> Answer:
        """The answer to one request, whatever it is."""
        answer = await self._sent(request)
        self.marker.read(_text(answer))
        return answer

    async def do(self, request: Request) -> Any:
        """The JSON of the answer to one request, which must succeed."""
        return (await self.succeed(request)).json()

    async def succeed(self, request: Request) -> Answer:
        """The answer to one request, which must succeed."""
        answer = await self.send(request)
        outcome = self.samples.outcome(answer.status, _body(answer))
        assert outcome == OK, f"{request.path} answered {outcome}"
        return answer

    async def code(self, to: str) -> str:
        """The newest code sent to a mainland mobile or an address."""
        code = await self.world.code(to)
        self.marker.learn(code, "code")
        return code

    async def captcha(self, codeid: str) -> str:
        """The text of a drawn captcha."""
        text = await self.world.captcha(codeid, self.samples.dialect.name)
        self.marker.learn(text, "captcha")
        return text

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self.world.advance(**span)

    def swap(self, **services: object) -> None:
        """Give the dialect's app other services (fields of `Deps`) from now on."""
        name = self.samples.dialect.name
        apps = {**self.world.core.apps, name: replace(self.deps, **services)}  # type: ignore[arg-type]
        self.world.core = replace(self.world.core, apps=apps)
        self.world.server = Server(self.world.core)

    async def record(self, case: Case) -> str:
        """The sample as its file has it. Raises AssertionError where it contradicts its name."""
        request = await case.prepare(self)
        answer = await self._sent(request)
        self.marker.ended = self.world.clock.now()
        outcome = self.samples.outcome(answer.status, _body(answer))
        assert case.name.split("-")[0] == outcome.split()[0], f"{case} was answered {outcome}"
        if answer.status != NO_CONTENT:
            assert answer.header("content-length") == str(len(answer.body))
        shown, replied = self.marker.mark(sample_files.request_text(request), _text(answer))
        return sample_files.join(shown, sample_files.without_length(replied))

    async def _sent(self, request: Request) -> Answer:
        host = {} if request.host is None else {"host": request.host}
        return await self.world.request(
            request.method, request.path, body=request.body, headers=request.headers, **host
        )


def _text(answer: Answer) -> str:
    return sample_files.answer_text(answer, _body(answer))


def _body(answer: Answer) -> str:
    is_picture = answer.header("content-type") == "image/jpeg"
    return picture(answer.body) if is_picture else answer.body.decode()
