"""What clients of each dialect send to register, sign in, be recognised and change a profile."""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from hufu.services.load import PATIENCE, Sent

MODULUS = 49477
"""The prime of `company`'s wire."""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
BEARER_PATH = "/v1/session"


class Refused(Exception):
    """The server did not do what was asked; the text names the call and holds nothing it said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body, decoded. Raises ValueError."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Door:
    """Where an app is asked: a server, the host name to call it by, and the path it is below."""

    server: str
    port: int
    host: str
    mount: str = ""

    def ask(self, sent: Sent) -> Answer:
        """Ask once, on a connection of its own. Raises OSError, HTTPException."""
        connection = HTTPConnection(self.server, self.port, timeout=PATIENCE)
        try:
            headers = {"Host": self.host, **sent.headers}
            connection.request(sent.method, sent.path, sent.body or None, headers)
            found = connection.getresponse()
            return Answer(found.status, found.headers, found.read())
        finally:
            connection.close()

    def form(self, path: str, **fields: object) -> Sent:
        """POST a form."""
        return Sent("POST", self.mount + path, FORM, urlencode(fields).encode())

    def json(self, path: str, headers: Mapping[str, str] = JSON, **fields: object) -> Sent:
        """POST a JSON object."""
        return Sent("POST", self.mount + path, headers, json.dumps(fields).encode())


@dataclass(frozen=True, slots=True)
class Person:
    """Who signs in."""

    identifier: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session: its token as a server would be shown it, and what the dialect's clients send."""

    token: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False, default_factory=dict)


Outbox = Callable[[str], str]
"""The newest code that was sent to a number."""

Captcha = Callable[[str], str]
"""The text of the captcha of that id."""


@dataclass(frozen=True, slots=True)
class Fomo:
    """Forms, and a status in every answer."""

    door: Door
    good = b'"status":1,'

    def register(self, person: Person, code: Outbox, _: Captcha) -> None:
        """Make the account. Raises Refused."""
        sent = self.door.form(
            "/customer/register", user_name=person.identifier, pwd=person.password
        )
        begun = _asked(self.door, sent, self.good).json()["data"]
        proof = {"verify_code": code(person.identifier), **begun}
        _asked(self.door, self.door.form("/customer/complete_register", **proof), self.good)

    def sign_in(self, person: Person, _: str) -> Sent:
        """Sign in."""
        return self.door.form("/customer/login", login_name=person.identifier, pwd=person.password)

    def opened(self, answer: Answer) -> Opened:
        """The session that a sign-in opened."""
        key = answer.json()["data"]["session_key"]
        return Opened(key, {"session_key": key})

    def check(self, session: Opened) -> Sent:
        """Ask who is signed in."""
        return self.door.form("/customer/get_user_info", **session.fields)

    def write(self, session: Opened, number: int) -> Sent:
        """Change the profile."""
        return self.door.form("/customer/set_info", city=f"city {number}", **session.fields)


@dataclass(frozen=True, slots=True)
class Company:
    """Forms, the MD5 of the password, one session per device, and flat answers."""

    door: Door
    good = b'"code":"200"'

    def register(self, person: Person, code: Outbox, _: Captcha) -> None:
        """Make the account. Raises Refused."""
        phone, utime = person.identifier, _utime()
        place = {"phone": phone, "xid": secrets.token_hex(16), "utime": utime}
        sec = (int(phone) - int(utime)) % MODULUS
        _asked(self.door, self.door.form("/user/sms", sec=sec, **place), self.good)
        proof = {"yzm": code(phone), "pwd": _md5(person.password)}
        _asked(self.door, self.door.form("/user/reg", **proof, **place), self.good)

    def sign_in(self, person: Person, device: str) -> Sent:
        """Sign in from that device."""
        xid = _md5(device)
        sent = {"phone": person.identifier, "xid": xid, "pwd": _md5(person.password)}
        return self.door.form("/user/login", utime=_utime(), **sent)

    def opened(self, answer: Answer) -> Opened:
        """The session that a sign-in opened."""
        said = answer.json()
        return Opened(f"{said['uid']}:{said['sec']}", {"uid": said["uid"], "sec": said["sec"]})

    def check(self, session: Opened) -> Sent:
        """Ask who is signed in."""
        return self.door.form("/user/getUserInfo", utime=_utime(), **session.fields)

    def write(self, _: Opened, __: int) -> None:
        """Nothing: what this dialect keeps of an account is not changed as lightly."""
        return


@dataclass(frozen=True, slots=True)
class Rental:
    """JSON, a cookie, and a captcha for each message."""

    door: Door
    good = b'"errno":0,'

    def register(self, person: Person, code: Outbox, captcha: Captcha) -> None:
        """Make the account. Raises Refused."""
        mobile, image = person.identifier, f"bench-{secrets.token_hex(8)}"
        drawn = self.door.ask(
            Sent("GET", f"{self.door.mount}/api/imagecode?pcodeid=&codeid={image}")
        )
        visitor = "; ".join(_cookies(drawn))
        headers = {**JSON, "Cookie": visitor} if visitor else JSON
        paid = {"mobile": mobile, "image_code_id": image, "image_code_text": captcha(image)}
        _asked(self.door, self.door.json("/api/smscode", headers, **paid), self.good)
        sent = {"mobile": mobile, "phonecode": code(mobile), "password": person.password}
        _asked(self.door, self.door.json("/api/register", JSON, **sent), self.good)

    def sign_in(self, person: Person, _: str) -> Sent:
        """Sign in."""
        return self.door.json("/api/login", mobile=person.identifier, password=person.password)

    def opened(self, answer: Answer) -> Opened:
        """The session that a sign-in opened."""
        cookie = next(each for each in _cookies(answer) if "session_id=" in each)
        return Opened(cookie.partition("=")[2], {"Cookie": cookie})

    def check(self, session: Opened) -> Sent:
        """Ask who is signed in."""
        return Sent("GET", f"{self.door.mount}/api/check_login", session.fields)

    def write(self, session: Opened, number: int) -> Sent:
        """Change the profile: its one field, the name, which nobody else has."""
        name = f"{_md5(session.token)[:16]} {number}"
        headers = {**JSON, **session.fields}
        return self.door.json("/api/profile/name", headers, name=name)


@dataclass(frozen=True, slots=True)
class Creator:
    """Forms, a cookie, and HTTP statuses that mean something."""

    door: Door
    good = b' successful"'

    def register(self, person: Person, _: Outbox, __: Captcha) -> None:
        """Make the account, under a name: without a code. Raises Refused."""
        _asked(self.door, self.registration(person), self.good)

    def registration(self, person: Person) -> Sent:
        """All of a registration."""
        return self.door.form("/user/register", account=person.identifier, password=person.password)

    def sign_in(self, person: Person, _: str) -> Sent:
        """Sign in."""
        return self.door.form("/user/login", account=person.identifier, password=person.password)

    def opened(self, answer: Answer) -> Opened:
        """The session that a sign-in opened."""
        cookie = next(iter(_cookies(answer)))
        return Opened(cookie.partition("=")[2], {"Cookie": cookie})

    def check(self, _: Opened) -> None:
        """Nothing: no call of this dialect only tells who is signed in."""
        return

    def write(self, _: Opened, __: int) -> None:
        """Nothing: this dialect has no profile."""
        return


Client = Fomo | Company | Rental | Creator
CLIENTS: Mapping[str, Callable[[Door], Client]] = {
    "fomo": Fomo,
    "company": Company,
    "rental": Rental,
    "creator": Creator,
}


def bearer(session: Opened) -> Sent:
    """Ask who is signed in, as an app's own server does."""
    return Sent("GET", BEARER_PATH, {"Authorization": f"Bearer {session.token}"})


def signed_in(client: Client, person: Person, device: str) -> Opened:
    """Sign in once. Raises Refused."""
    return client.opened(_asked(client.door, client.sign_in(person, device), client.good))


def made_up(by_name: bool) -> Person:
    """Somebody who has no account yet: a mainland mobile, or a name, and a password."""
    number = f"13{secrets.randbelow(10**9):09d}"
    return Person(f"bench-{secrets.token_hex(8)}" if by_name else number, secrets.token_urlsafe(12))


def _asked(door: Door, sent: Sent, good: bytes) -> Answer:
    answer = door.ask(sent)
    if answer.status not in range(200, 300) or good not in answer.body:
        raise Refused(f"{sent.method} {sent.path.partition('?')[0]}")
    return answer


def _cookies(answer: Answer) -> list[str]:
    """The cookies that an answer sets, as they are sent back."""
    return [each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie", [])]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _utime() -> str:
    return str(int(time.time()))
