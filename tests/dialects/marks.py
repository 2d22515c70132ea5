"""Marks: what stands in a recorded sample for a value that is different every time.

A mark is `«form»`, and says what the value looked like: `«int»`, `«id»`, `«unix»`, `«hex40»`. A
value that occurs more than once in a sample has a number, the same wherever it occurs: `«id 1»`.
Marks that are no values: `«jpeg 200x75»` for a picture, `«base64 …»` for bytes that are no text,
`«length»` for the length of a body that has marks.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from itertools import count

from PIL import Image

NUMBER31 = r"[1-9][0-9]{0,9}"
FORMS = {
    "int": NUMBER31,  # a reference, such as verify_id
    "id": NUMBER31,  # an account's id
    "unix": r"[1-9][0-9]{9}",  # seconds
    "code": r"[0-9]{6}",  # a verification code
    "captcha": r"[0-9A-Za-z]{4}",
    "hex32": r"[0-9a-f]{32}",
    "hex40": r"[0-9a-f]{40}",
    "base32x8": r"[0-9A-HJKMNP-TV-Z]{8}",  # an invitation code, in Crockford's letters
    "base62x16": r"[0-9A-Za-z]{16}",
    "lower12": r"[0-9a-z]{12}",
    "upper5": r"[0-9A-Z]{5}",
    "upper6": r"[0-9A-Z]{6}",
}
"""Every form by name, as a pattern. A dialect's rules name their groups after these."""

WITHOUT_IDENTITY = frozenset({"unix"})
"""Forms whose values may be equal or different by chance, so that it is not told which."""

MAX_NUMBER31 = 2**31 - 1
TOKEN = r"(?<![0-9A-Za-z]){}(?![0-9A-Za-z])"
FIELD = r"(?<=[\"=]){}(?=[\"&\n])"
"""Where a value may stand: a captcha's four letters only as a whole field, as they may be HTTP."""

Rules = Sequence[re.Pattern[str]]


@dataclass
class Marker:
    """Knows the values of one case that are different every time, and marks them.

    `rules` find them in answers, each in a group named after its form; `began` and `ended` are the
    times between which a «unix» must lie.
    """

    rules: Rules
    began: datetime
    ended: datetime | None = None
    known: dict[str, str] = field(default_factory=dict)

    def learn(self, value: object, form: str) -> None:
        """Mark this value wherever it occurs. Raises AssertionError unless it has the form."""
        text = str(value)
        assert re.fullmatch(FORMS[form], text), f"{text!r} is no «{form}»"
        if FORMS[form] is NUMBER31:
            assert int(text) <= MAX_NUMBER31, f"{text} is no «{form}»: more than 31 bits"
        if form == "unix" and self.ended is not None:
            assert int(self.began.timestamp()) <= int(text) <= self.ended.timestamp(), (
                f"{text} is not a time of this test"
            )
        if form not in WITHOUT_IDENTITY:
            self.known.setdefault(text, form)

    def read(self, answer: str) -> None:
        """Learn from an answer."""
        for value, form, _ in self._found(answer):
            self.learn(value, form)

    def mark(self, request: str, answer: str) -> tuple[str, str]:
        """Both texts with marks in place of what is known or found in the answer."""
        self.read(answer)
        answer = self._without_identity(answer)
        token = self._token()
        if token is None:
            return request, answer
        names = self._names(token.findall(f"{request}\n{answer}"))
        return (
            token.sub(lambda found: names[found[0]], request),
            token.sub(lambda found: names[found[0]], answer),
        )

    def _found(self, text: str) -> Iterator[tuple[str, str, tuple[int, int]]]:
        for rule in self.rules:
            for found in rule.finditer(text):
                for form, value in found.groupdict().items():
                    if value is not None:
                        yield value, form, found.span(form)

    def _without_identity(self, text: str) -> str:
        places = {place: form for _, form, place in self._found(text) if form in WITHOUT_IDENTITY}
        for (start, end), form in sorted(places.items(), reverse=True):
            text = f"{text[:start]}«{form}»{text[end:]}"
        return text

    def _token(self) -> re.Pattern[str] | None:
        if not self.known:
            return None
        places = (
            (FIELD if self.known[value] == "captcha" else TOKEN).format(re.escape(value))
            for value in sorted(self.known, key=len, reverse=True)
        )
        return re.compile("|".join(places))

    def _names(self, occurring: list[str]) -> dict[str, str]:
        numbers = {form: count(1) for form in FORMS}
        names = {}
        for value in dict.fromkeys(occurring):
            form = self.known[value]
            again = occurring.count(value) > 1
            names[value] = f"«{form} {next(numbers[form])}»" if again else f"«{form}»"
        return names


def picture(data: bytes) -> str:
    """The mark of a JPEG, which says its size in pixels."""
    opened = Image.open(BytesIO(data), formats=["JPEG"])
    opened.load()
    return f"«jpeg {opened.width}x{opened.height}»"
