"""Whether the process lives, and whether it can serve."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Readiness = Callable[[], Awaitable[dict[str, str]]]
"""What stands in the way of serving, by name; empty when nothing does."""


async def health(_: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


def routes(readiness: Readiness) -> list[Route]:
    """`/health` and `/ready`."""

    async def ready(_: Request) -> Response:
        problems = await readiness()
        if problems:
            return JSONResponse(
                {"status": "unavailable", "problems": problems},
                status_code=503,
                headers={"Retry-After": "1"},
            )
        return JSONResponse({"status": "ready"})

    return [Route("/health", health), Route("/ready", ready)]
