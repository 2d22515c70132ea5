"""Log lines: one event with its facts, as JSON or as text for a person."""

import logging
import sys
from typing import Literal

import structlog


def configure(form: Literal["json", "text"]) -> None:
    """Write log lines to standard error in the form asked for."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # It warns of every malformed body, which would let a client fill the log.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
