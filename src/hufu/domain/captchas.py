"""Captchas: a drawn text that pays for one message."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hufu.domain.errors import CaptchaExpired, CaptchaWrong, Refusal

LIFE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Captcha:
    """A picture that was drawn for one visitor."""

    id: str
    text: str = field(repr=False)
    expires_at: datetime

    def answer(self, text: str, now: datetime) -> Refusal | None:
        """Why the answer does not pay, or None; letters compare without case."""
        if now >= self.expires_at:
            return CaptchaExpired()
        return None if text.casefold() == self.text.casefold() else CaptchaWrong()
