"""What an app's own backend calls: telling of events that are rewarded, and reading balances."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import MAXYEAR, MINYEAR, datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hufu.actions.ledger import ReadBalance, read_balance
from hufu.actions.rewards import EventMistold, RewardEvent, reward_event
from hufu.domain.errors import (
    AccountBarred,
    AccountUnknown,
    Malformed,
    RewardTaken,
    RewardUnknown,
)
from hufu.domain.ledger import format_amount
from hufu.domain.rewards import LONGEST_ITEM, LONGEST_TARGET, NO_TARGET, Award
from hufu.pages.authorization import Backend, app_of
from hufu.pages.problems import Problem, api_route, json_answer
from hufu.wire import body
from hufu.wire.dialect import BODY_LIMIT
from hufu.wire.fields import Form, Matching, Reader, WireId
from hufu.wire.forms import UTF_8, header_parameters
from hufu.wire.headers import Headers
from hufu.wire.json_objects import json_object

EVENTS = "/v1/rewards/events"
BALANCE = "/v1/rewards/balance"
KEY = Matching("[!-~]{1,128}")
_QUOTED = re.compile('"(.*)"')


class _Target(Form):
    """An integer from 0, or text of visible ASCII; both are kept as text."""

    __slots__ = ()

    _text = Matching(f"[!-~]{{1,{LONGEST_TARGET}}}")

    def read(self, value: object) -> str:
        if type(value) is int and value >= 0:
            return str(value)
        return self._text.read(value)


class _Time(Form):
    """A date and time with an offset from UTC (RFC 3339), left as text."""

    __slots__ = ()

    _text = Matching(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")

    def read(self, value: object) -> str:
        text = self._text.read(value)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise Malformed from None
        if not MINYEAR < at.year < MAXYEAR:  # In another zone there might be no such year.
            raise Malformed
        return text


class Event(msgspec.Struct):
    """The body of an event."""

    user_id: WireId
    item: Annotated[str, Matching(f"[a-z0-9_]{{1,{LONGEST_ITEM}}}")]
    target_id: Annotated[str, _Target()] = NO_TARGET
    at: Annotated[str, _Time()] | None = None


class Question(msgspec.Struct):
    """The query of a balance."""

    user_id: WireId


_event, _question = Reader(Event), Reader(Question)


PROBLEMS = MappingProxyType(
    {
        RewardTaken: (
            HTTPStatus.CONFLICT,
            "limit_reached",
            "the item was given as often as it may be",
        ),
        RewardUnknown: (
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "item_unknown",
            "no rule gives anything for it",
        ),
        AccountUnknown: (HTTPStatus.NOT_FOUND, "user_unknown", "the app has no such user"),
        AccountBarred: (HTTPStatus.FORBIDDEN, "user_barred", "an operator barred the account"),
    }
)
"""What a refusal is called here."""


@contextmanager
def _problems() -> Iterator[None]:
    """What the action refuses leaves as a problem."""
    try:
        yield
    except tuple(PROBLEMS) as refusal:
        raise Problem(*PROBLEMS[type(refusal)]) from None
    except EventMistold as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "event_mistold", str(error)) from None


def routes(backend: Backend) -> list[Route]:
    """`/v1/rewards/events` and `/v1/rewards/balance`."""

    async def events(request: Request) -> Response:
        deps = await app_of(backend, request)
        key = _key(request)
        event = await _read_event(request)
        at = datetime.fromisoformat(event.at) if event.at else None
        told = RewardEvent(key, event.user_id, event.item, event.target_id, at)
        with _problems():
            rewarded = await reward_event(deps, told)
        status = HTTPStatus.OK if rewarded.again else HTTPStatus.CREATED
        return json_answer(shown(rewarded.award), status)

    async def balance(request: Request) -> Response:
        deps = await app_of(backend, request)
        query = request.query_params
        if len(query.getlist("user_id")) > 1:
            raise Malformed("user_id")
        question = _question.read(dict(query))
        with _problems():
            found = await read_balance(deps, ReadBalance(question.user_id))
        amounts = [
            {"coin_id": coin_id, "amount": format_amount(amount)}
            for coin_id, amount in found.amounts.items()
        ]
        return json_answer({"user_id": found.account_id, "balances": amounts})

    return [api_route(EVENTS, {"POST": events}), api_route(BALANCE, {"GET": balance})]


def shown(award: Award) -> dict[str, object]:
    """The award as a backend sees it."""
    return {
        "id": award.id,
        "user_id": award.account_id,
        "item": award.item,
        "type": award.type,
        "amount": format_amount(award.amount),
        "coin_id": award.coin_id,
        "target_id": award.target,
        "day": award.day.isoformat(),
        "at": award.at.isoformat().replace("+00:00", "Z"),
        "reversed": award.reversed_at is not None,
    }


def _key(request: Request) -> str:
    keys = request.headers.getlist("idempotency-key")
    key = keys[0] if len(keys) == 1 else ""
    if quoted := _QUOTED.fullmatch(key):
        key = quoted[1]
    try:
        return KEY.read(key)
    except Malformed:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "idempotency_key_missing",
            "send one Idempotency-Key header of 1 to 128 visible ASCII characters",
        ) from None


async def _read_event(request: Request) -> Event:
    if not _is_json(request.headers.getlist("content-type")):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", "send an object as application/json"
        )
    raw = await body.read(request.receive, Headers(request.headers.raw), BODY_LIMIT)
    try:
        fields = json_object(raw)
    except Malformed:
        raise Problem(HTTPStatus.BAD_REQUEST, "not_json", "the body is no JSON object") from None
    if fields.keys() - {*Event.__struct_fields__}:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "malformed",
            f"there are no members but {', '.join(Event.__struct_fields__)}",
        )
    return _event.read(fields)


def _is_json(kinds: list[str]) -> bool:
    try:
        kind, parameters = header_parameters(kinds[0] if len(kinds) == 1 else "")
    except Malformed:
        return False
    return kind == "application/json" and parameters.get("charset", "utf-8").lower() in UTF_8
