"""What a developer needs and nobody else may see: sent messages and drawn captchas."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from hufu.actions.delivery import OpenedLetter
from hufu.domain.errors import Malformed
from hufu.services.identifiers import parse_identifier

SHOWN = 100

Letters = Callable[[str | None, int], Awaitable[list[OpenedLetter]]]
CaptchaText = Callable[[str], Awaitable[str | None]]

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left }
.code { font-family: ui-monospace, monospace; font-size: 1.2rem }
"""
SCRIPT = """
const cell = (row, text, name) => {
  const made = row.insertCell(); made.textContent = text ?? ""; if (name) made.className = name };
async function reload() {
  const letters = await (await fetch("/_dev/outbox")).json();
  const body = document.getElementById("letters"); body.replaceChildren();
  for (const letter of letters) {
    const row = body.insertRow();
    for (const key of ["at", "to", "app", "purpose"]) cell(row, letter[key]);
    cell(row, letter.code, "code"); cell(row, letter.text);
  }
}
document.getElementById("show").onclick = async () => {
  const id = encodeURIComponent(document.getElementById("codeid").value);
  const answer = await (await fetch("/_dev/captcha?codeid=" + id)).json();
  document.getElementById("captcha").textContent = answer.text ?? "there is none";
};
reload(); setInterval(reload, 2000);
"""
PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>hufu: development</title>
<style>{STYLE}</style>
<h1>hufu: development</h1>
<p>Nothing leaves this machine. Messages, newest first:</p>
<table><thead><tr><th>at</th><th>to</th><th>app</th><th>purpose</th><th>code</th><th>text</th></tr>
</thead><tbody id="letters"></tbody></table>
<p>Captcha id <input id="codeid"> <button id="show">show</button>
<b class="code" id="captcha"></b></p>
<script>{SCRIPT}</script>
</html>
"""


def policy() -> str:
    """The Content-Security-Policy of the page: its own style and script, and this server."""
    sources = {
        "default-src": "'none'",
        "script-src": _source(SCRIPT),
        "style-src": _source(STYLE),
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{directive} {source}" for directive, source in sources.items())


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def shown(letter: OpenedLetter) -> dict[str, object]:
    """A letter as the development tools print it."""
    return {
        "id": letter.sealed.id,
        "channel": letter.sealed.channel,
        "to": letter.sealed.recipient,
        "app": letter.sealed.app,
        "purpose": letter.sealed.purpose,
        "code": letter.code,
        "text": letter.text,
        "at": letter.sealed.created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
    }


def recipient(raw: str) -> str | None:
    """A number or address, in any spelling, as the outbox knows it; None for what is neither."""
    try:
        return parse_identifier(raw).shown
    except Malformed:
        return None


def routes(letters: Letters, captcha_text: CaptchaText) -> list[Route]:
    """`/_dev`, `/_dev/outbox` and `/_dev/captcha`."""

    async def page(_: Request) -> Response:
        return HTMLResponse(PAGE, headers={"Content-Security-Policy": policy()})

    async def outbox(request: Request) -> Response:
        asked = request.query_params.get("to")
        to = recipient(asked) if asked else None
        found = [] if asked and to is None else await letters(to, SHOWN)
        return Response(
            json.dumps([shown(letter) for letter in found], ensure_ascii=False),
            media_type="application/json; charset=utf-8",
        )

    async def captcha(request: Request) -> Response:
        captcha_id = request.query_params.get("codeid", "")
        text = None if "\0" in captcha_id else await captcha_text(captcha_id)
        status = 404 if text is None else 200
        answer = {"codeid": captcha_id, "text": text}
        return JSONResponse(answer, status_code=status)

    return [
        Route("/_dev", page),
        Route("/_dev/outbox", outbox),
        Route("/_dev/captcha", captcha),
    ]
