"""Metrics for Prometheus, summed over the workers."""

import os

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

from hufu.wire.clients import Network, Proxies, client_address
from hufu.wire.metrics import publish

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


def routes(operators: tuple[Network, ...], proxies: Proxies) -> list[Route]:
    """`/metrics`, for the operators' networks only."""

    async def metrics(request: Request) -> Response:
        peer = request.client.host if request.client else None
        forwarded = [value for key, value in request.headers.raw if key == b"x-forwarded-for"]
        address = client_address(peer, forwarded, proxies)
        if address is None or not any(address in network for network in operators):
            return PlainTextResponse("not found\n", status_code=404)
        publish()
        registry = REGISTRY
        if os.environ.get(MULTIPROCESS):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", metrics)]
