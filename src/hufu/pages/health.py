"""Whether the process lives, and whether it can serve."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hufu.actions.readiness import Readiness
from hufu.pages.operators import Operators

Read = Callable[[], Awaitable[Readiness]]


async def health(_: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


def routes(read: Read, operators: Operators) -> list[Route]:
    """`/health` and `/ready`, which shows operators what it sees of the database."""

    async def ready(request: Request) -> Response:
        found = await read()
        seen = {"database": found.seen} if found.seen and operators.sent(request) else {}
        if found.problems:
            return JSONResponse(
                {"status": "unavailable", "problems": found.problems, **seen},
                status_code=503,
                headers={"Retry-After": "1"},
            )
        return JSONResponse({"status": "ready", **seen})

    return [Route("/health", health), Route("/ready", ready)]
