"""How much of a worker a client may take."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `[http]`."""

    connections: Annotated[
        int,
        Meta(
            ge=1,
            description="open connections per worker, and requests under way whose client hung up",
        ),
    ] = 10_000
    head_bytes: Annotated[
        int, Meta(ge=1024, le=1024**2, description="size of a request's line and headers")
    ] = 32 * 1024
    head_seconds: Annotated[
        float, Meta(gt=0, description="how long a request's line and headers may take to arrive")
    ] = 10.0
    body_seconds: Annotated[
        float,
        Meta(
            gt=0,
            description="how long a body may take, and that long again whenever as many bytes have "
            "come as body_rate asks of it",
        ),
    ] = 10.0
    body_rate: Annotated[
        int, Meta(ge=1, description="bytes per second that a slow body must keep to")
    ] = 500
    bodies_bytes: Annotated[
        int,
        Meta(
            ge=1024**2,
            description="bodies for endpoints that take large ones which a worker has in memory at "
            "once; one client network has at most half of that",
        ),
    ] = 32 * 1024**2
    request_seconds: Annotated[
        float,
        Meta(
            gt=0,
            description="how long an answer may take once the request is there, and to go on after "
            "the client was waited for",
        ),
    ] = 30.0
    whole_seconds: Annotated[
        float,
        Meta(
            gt=0,
            description="how long a request may take altogether, from its first byte, or for one "
            "sent ahead from its turn, until its answer is taken; room for 7 MiB at 25 kB/s",
        ),
    ] = 300.0
    write_seconds: Annotated[
        float, Meta(gt=0, description="how long a client may take none of its answer")
    ] = 10.0
    idle_seconds: Annotated[
        float, Meta(gt=0, description="how long a connection may wait for its next request")
    ] = 75.0
