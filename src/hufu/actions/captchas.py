"""Captchas, and the one message that each pays for."""

from dataclasses import dataclass, field

from hufu.actions.deps import Deps
from hufu.actions.outbox import CodeSent, send_code
from hufu.domain.captchas import LIFE, Captcha
from hufu.domain.errors import CaptchaExpired, CaptchaOwned
from hufu.domain.identifiers import Identifier
from hufu.domain.permissions import Client
from hufu.domain.verification import Purpose
from hufu.services import randomness
from hufu.services.captcha import draw_text
from hufu.services.keys import token_hash
from hufu.storage.captchas import DrawnCaptcha

SEALED_AS = "captcha"


@dataclass(frozen=True, slots=True)
class DrawCaptcha:
    """Draw a picture under an id of the client's; `previous` is one it no longer needs.

    `visitor` is the token of the visitor, None for a new one.
    """

    captcha_id: str
    previous: str | None
    visitor: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CaptchaDrawn:
    """The picture, as JPEG, and the token of its visitor."""

    picture: bytes = field(repr=False)
    visitor: str = field(repr=False)


async def draw_captcha(deps: Deps, cmd: DrawCaptcha) -> CaptchaDrawn:
    """Draw a new text, or for its own visitor the live one again. Raises CaptchaOwned, Overloaded.

    The new one is painted first: where there is no place for that, nobody owns the id by a token
    that they were not told.
    """
    visitor = cmd.visitor
    if visitor is None or not randomness.is_hex_token(visitor):
        visitor = randomness.hex_token()
    owner = token_hash(visitor)
    text = draw_text(randomness.choose)
    picture = await deps.painter.paint(text)
    async with deps.begin() as work:
        now = deps.now()
        if cmd.previous:
            await work.captchas.delete(deps.app.name, cmd.previous, owner)
        drawn = DrawnCaptcha(
            cmd.captcha_id,
            owner,
            deps.secrets.captchas.seal(text, SEALED_AS),
            now + LIFE,
        )
        claimed = await work.captchas.claim_id(deps.app.name, drawn, now)
        if not claimed:
            live = await work.captchas.find(deps.app.name, cmd.captcha_id)
            if live is None or live.owner != owner:
                raise CaptchaOwned
            text = deps.secrets.captchas.open(live.sealed, SEALED_AS)
        await work.commit()
    if not claimed:
        picture = await deps.painter.paint(text)
    return CaptchaDrawn(picture, visitor)


@dataclass(frozen=True, slots=True)
class SendCodeForCaptcha:
    """Ask for a code that registers a number, and pay with a captcha."""

    client: Client
    identifier: Identifier
    captcha_id: str
    captcha_text: str = field(repr=False)


async def send_code_for_captcha(deps: Deps, cmd: SendCodeForCaptcha) -> CodeSent:
    """Send a code. The captcha is spent by any answer, right or wrong, before it is looked at.

    Raises CaptchaExpired, CaptchaWrong, SendLimitReached, DeliveryUnavailable.
    """
    async with deps.begin() as work:
        drawn = await work.captchas.claim(deps.app.name, cmd.captcha_id, deps.now())
        await work.commit()
    if drawn is None:
        raise CaptchaExpired
    text = deps.secrets.captchas.open(drawn.sealed, SEALED_AS)
    captcha = Captcha(drawn.id, text, drawn.expires_at)
    if refusal := captcha.answer(cmd.captcha_text, deps.now()):
        raise refusal
    async with deps.begin() as work:
        await send_code(deps, work, cmd.client, cmd.identifier, Purpose.REGISTER)
        await work.commit()
    return CodeSent()


async def read_captcha(deps: Deps, captcha_id: str) -> str | None:
    """The text of a captcha that was not answered yet; for development only."""
    async with deps.look() as work:
        drawn = await work.captchas.find(deps.app.name, captcha_id)
    return deps.secrets.captchas.open(drawn.sealed, SEALED_AS) if drawn else None
