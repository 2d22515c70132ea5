"""Metrics for Prometheus, summed over the workers."""

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hufu.pages.operators import Operators
from hufu.variables import MULTIPROCESS
from hufu.wire.metrics import publish


def routes(operators: Operators) -> list[Route]:
    """`/metrics`, for the operators' networks only."""

    async def metrics(request: Request) -> Response:
        if not operators.sent(request):
            return PlainTextResponse("not found\n", status_code=404)
        publish()
        registry = REGISTRY
        if folder := os.environ.get(MULTIPROCESS):
            _forget_the_dead(Path(folder))
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", metrics)]


def _forget_the_dead(folder: Path) -> None:
    """What workers that ended last said of how busy they were does not count any more."""
    for file in folder.glob("gauge_live*.db"):
        worker = int(file.stem.rpartition("_")[2])
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(worker, str(folder))  # type: ignore[no-untyped-call]
