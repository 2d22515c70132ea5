"""What the protocol lists for each call of this dialect, and what is volatile in its answers."""

import json
import re

from dialects.sampling import OK, Samples
from hufu.dialects.company import DIALECT

SUCCESS = "200"
MALFORMED = "400"
SESSION = (MALFORMED, "4000")

CONTRACT = {
    "user/sms": (MALFORMED, "4021"),
    "user/reg": (MALFORMED, "4001", "4004"),
    "user/checkFinishUserInfo": SESSION,
    "user/regDetail": SESSION,
    "user/login": (MALFORMED, "4002", "4003", "4007"),
    "user/pwd": (MALFORMED, "4001", "4002", "4006", "4007"),
    "user/loginout": SESSION,
    "user/getUserInfo": SESSION,
    "any": (MALFORMED, "404", "405", "413", "500", "503"),
}

VOLATILE = (
    re.compile(r'"uid":"(?P<id>[^"]*)"'),
    re.compile(r'"sec":"(?P<base62x16>[^"]*)"'),
    re.compile(r"(?m)^x-request-id: (?P<hex32>.*)$"),
)


def outcome(status: int, body: str) -> str:
    """The answer's `code`, or the HTTP status where that is not 200.

    Raises AssertionError for a body that is not flat, has a value that is no string, does not begin
    with `code`, or tells more than the code of a refusal.
    """
    answer = json.loads(body)
    assert next(iter(answer)) == "code"
    assert all(isinstance(value, str) for value in answer.values())
    if (status, answer["code"]) == (200, SUCCESS):
        return OK
    assert len(answer) == 1
    return answer["code"] if status == 200 else str(status)


SAMPLES = Samples(DIALECT, CONTRACT, outcome, VOLATILE)
