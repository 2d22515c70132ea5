"""The name of a request, by which who asks about it finds its log line."""

import re
import uuid

HEADER = b"x-request-id"
_FORM = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def request_id(given: bytes | None) -> str:
    """The one that a proxy in front gave it, where there is one of such a form; or a new one."""
    if given is not None and _FORM.fullmatch(given):
        return given.decode()
    return uuid.uuid4().hex
