"""Local stand-ins for the message vendors, which check what they are sent as the vendors do."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web

from hufu.services.delivery import Channel, Letter

PHONE = "+8613390633695"
CODE = "482915"
TEXT = f"【虎符】验证码 {CODE}，5 分钟内有效。"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def sms(**changes: Any) -> Letter:
    facts = {
        "id": "1f0c",
        "channel": Channel.SMS,
        "to": PHONE,
        "app": "fomo",
        "purpose": "register",
        "language": "zh",
        "code": CODE,
        "subject": "",
        "text": TEXT,
    }
    return Letter(**(facts | changes))


def tells(error: BaseException, *secrets: str) -> bool:
    """Whether an exception, or any it drags along, says one of these."""
    seen: BaseException | None = error
    while seen is not None:
        if any(secret in f"{seen!s} {seen!r}" for secret in secrets):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """The address at which the handler answers everything."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """The address of a server that takes a request and never answers."""
    over = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with served(wait) as url:
        try:
            yield url
        finally:
            over.set()


@dataclass
class StandIn:
    """What the vendors have in common: the letters taken, and an answer to give in their place."""

    taken: list[dict[str, Any]] = field(default_factory=list)
    answer: tuple[int, str] | None = None

    def reply(self, status: int, body: dict[str, Any]) -> web.Response:
        if self.answer is not None:
            status, text = self.answer
        else:
            text = json.dumps(body)
        return web.Response(
            status=status, body=text.encode(), headers={"Content-Type": "application/json"}
        )


@dataclass
class AliyunStandIn(StandIn):
    """Dysmsapi, signature version 3 (ACS3-HMAC-SHA256)."""

    key_id: str = "LTAI-test"
    secret: str = "aliyun-secret"

    async def __call__(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._signed(request, body):
            # The vendor quotes what it was sent.
            return self.reply(
                400, {"Code": "SignatureDoesNotMatch", "Message": str(request.rel_url)}
            )
        self.taken.append({"action": request.headers["x-acs-action"], **request.query})
        return self.reply(
            200, {"Code": "OK", "Message": "OK", "BizId": "9006^0", "RequestId": "F655A8D5"}
        )

    def _signed(self, request: web.Request, body: bytes) -> bool:
        match = re.fullmatch(
            r"ACS3-HMAC-SHA256 Credential=(.+),SignedHeaders=(.+),Signature=([0-9a-f]{64})",
            request.headers.get("Authorization", ""),
        )
        if match is None or match[1] != self.key_id:
            return False
        names = match[2].split(";")
        required = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date"}
        required |= {"x-acs-signature-nonce", "x-acs-version"}
        digest = hashlib.sha256(body).hexdigest()
        if not required <= set(names) or request.headers["x-acs-content-sha256"] != digest:
            return False
        pairs = sorted(request.query.items())
        query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in pairs)
        headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
        canonical = "\n".join((request.method, request.path, query, headers, match[2], digest))
        to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(signature, match[3])


@dataclass
class TencentStandIn(StandIn):
    """SMS 2021-01-11, signature version 3 (TC3-HMAC-SHA256)."""

    secret_id: str = "AKID-test"
    secret_key: str = "tencent-secret"

    async def __call__(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._signed(request, body):
            error = {"Code": "AuthFailure.SignatureFailure", "Message": body.decode()}
            return self.reply(200, {"Response": {"Error": error, "RequestId": "ed93f3cb"}})
        self.taken.append(
            {
                "action": request.headers["X-TC-Action"],
                "region": request.headers["X-TC-Region"],
                **json.loads(body),
            }
        )
        return self.reply(200, self.status("Ok"))

    @staticmethod
    def status(code: str) -> dict[str, Any]:
        status = {
            "SerialNo": "5000:1045710669157053657849499619",
            "PhoneNumber": PHONE,
            "Fee": 1,
            "SessionContext": "1f0c",
            "Code": code,
            "Message": f"{PHONE} {code}",
            "IsoCode": "CN",
        }
        return {"Response": {"SendStatusSet": [status], "RequestId": "a0aabda6"}}

    def _signed(self, request: web.Request, body: bytes) -> bool:
        timestamp = int(request.headers["X-TC-Timestamp"])
        date = datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
        scope = f"{date}/sms/tc3_request"
        match = re.fullmatch(
            r"TC3-HMAC-SHA256 Credential=(.+?)/(.+), SignedHeaders=(.+), Signature=([0-9a-f]{64})",
            request.headers.get("Authorization", ""),
        )
        if match is None or match.group(1, 2, 3) != (self.secret_id, scope, "content-type;host"):
            return False
        headers = (
            f"content-type:{request.headers['Content-Type']}\nhost:{request.headers['Host']}\n"
        )
        digest = hashlib.sha256(body).hexdigest()
        canonical = "\n".join((request.method, "/", "", headers, "content-type;host", digest))
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"TC3{self.secret_key}".encode()
        for part in (date, "sms", "tc3_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashed}"
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(signature, match[4])


@dataclass
class TwilioStandIn(StandIn):
    """API 2010-04-01, HTTP basic authentication."""

    account_sid: str = "AC" + "0" * 32
    auth_token: str = "twilio-token"

    async def __call__(self, request: web.Request) -> web.Response:
        basic = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            return self.reply(401, self.error(401, 20003))
        self.taken.append({"path": request.path, **(await request.post())})
        return self.reply(
            201, {"sid": "SM" + "1" * 32, "status": "queued", "to": PHONE, "body": TEXT}
        )

    @staticmethod
    def error(status: int, code: int) -> dict[str, Any]:
        return {
            "code": code,
            "message": f"{PHONE} {TEXT}",
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }
