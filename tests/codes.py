"""Every call that sends a code to a phone, each with the call that takes it back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from actors import Company, Creator, Fomo, Rental
from front_door import LOOPBACK, World

PASSWORD, NEW_PASSWORD = "correct horse 1", "battery staple 2"
DIGEST = "5" * 32


@dataclass
class Person:
    """Somebody with a phone; `session_key` is their session in fomo, if they have one.

    `references` is what came back when a code was asked for.
    """

    phone: str
    session_key: str = ""
    peer: str = LOOPBACK
    references: dict[str, Any] = field(default_factory=dict)


async def person(world: World, number: int, *, registered: bool) -> Person:
    """Another person for each number, with an account by e-mail and signed in to fomo.

    The phone is bound to the account where it is to be `registered`.
    """
    email, fomo = f"person{number}@example.com", Fomo()
    await fomo.register(world, email, PASSWORD)
    session = await fomo.sign_in(world, email, PASSWORD)
    assert session is not None
    who = Person(phone(number), session.fields["session_key"])
    if registered:
        await BIND.ask(world, who)
        assert await BIND.open(world, who, await world.code(who.phone))
        who.references.clear()
    return who


def phone(number: int) -> str:
    """A mobile number of its own for each number."""
    return f"138{number:08d}"


Ask = Callable[[World, Person], Awaitable[Any]]
Show = Callable[[World, Person, str], Awaitable[Any]]


@dataclass(frozen=True)
class Code:
    """A code of one app for one purpose, which is sent to phones that are `registered` or not.

    `request` tells what the call answers that asks for it, `show` what the call answers that takes
    it; `sent` and `opened` say which answers mean yes.
    """

    app: str
    purpose: str
    registered: bool
    request: Ask
    show: Show
    sent: Callable[[Any], bool]
    opened: Callable[[Any], bool]

    def __str__(self) -> str:
        return f"{self.app}-{self.purpose}"

    async def ask(self, world: World, who: Person) -> None:
        """Have a code sent, and keep the references that come back."""
        answer = await self.request(world, who)
        assert self.sent(answer), answer
        who.references |= answer.get("data") or {}

    async def open(self, world: World, who: Person, digits: str) -> bool:
        """Whether the code opens what it is for."""
        return self.opened(await self.show(world, who, digits))


def _says(key: str, *values: object) -> Callable[[Mapping[str, object]], bool]:
    return lambda answer: answer[key] in values


def _fomo(purpose: str, registered: bool, asks: str, takes: str) -> Code:
    async def request(world: World, who: Person) -> Any:
        sent = {"user_name": who.phone, "phone": who.phone, "pwd": NEW_PASSWORD}
        return await Fomo(peer=who.peer).call(world, asks, session_key=who.session_key, **sent)

    async def show(world: World, who: Person, digits: str) -> Any:
        known = {"verify_id": 1, "tmp_user_id": 1, "user_id": 1} | who.references
        sent = {"session_key": who.session_key, "verify_code": digits}
        return await Fomo(peer=who.peer).call(world, takes, **sent, **known)

    done = _says("status", 1)
    return Code("fomo", purpose, registered, request, show, done, done)


def _company(purpose: str, registered: bool, takes: str) -> Code:
    async def request(world: World, who: Person) -> Any:
        return await Company(peer=who.peer).ask_code(world, who.phone)

    async def show(world: World, who: Person, digits: str) -> Any:
        company = Company(peer=who.peer)
        sent = {"phone": who.phone, "xid": company.xid, "yzm": digits, "pwd": DIGEST}
        return await company.call(world, takes, **sent)

    done = _says("code", "200")
    return Code("company", purpose, registered, request, show, done, done)


def _rental() -> Code:
    async def request(world: World, who: Person) -> Any:
        return await Rental(peer=who.peer).ask_code(world, who.phone)

    async def show(world: World, who: Person, digits: str) -> Any:
        sent = {"mobile": who.phone, "phonecode": digits, "password": NEW_PASSWORD}
        return (await Rental(peer=who.peer).json(world, "/api/register", sent)).json()

    done = _says("errno", 0)
    return Code("rental", "register", False, request, show, done, done)


def _creator(purpose: str, registered: bool, call: str) -> Code:
    async def request(world: World, who: Person) -> Any:
        path = f"/user/{call}/{quote(who.phone)}"
        return (await Creator(peer=who.peer).get(world, path)).json()

    async def show(world: World, who: Person, digits: str) -> Any:
        path = f"/user/{call}/{quote(who.phone)}"
        known = {"phone_number": who.phone, "new_password": NEW_PASSWORD}
        sent = {**known, "identifying_code": digits}
        return (await Creator(peer=who.peer).form(world, path, sent)).json()

    sent = _says("msg", "注意接收短信", "注意接收验证码")
    opened = _says("msg", "register successful", "login successful")
    return Code("creator", purpose, registered, request, show, sent, opened)


BIND = _fomo("bind", False, "bind_phone", "bind_completed")
CODES: tuple[Code, ...] = (
    _fomo("register", False, "register", "complete_register"),
    _fomo("recover", True, "rec_pwd1", "rec_pwd2"),
    BIND,
    _fomo("unbind", True, "unbind_phone", "unbind_completed"),
    _company("register", False, "reg"),
    _company("recover", True, "pwd"),
    _rental(),
    _creator("register", False, "registerPhone"),
    _creator("sign_in", True, "loginPhone"),
    _creator("recover", True, "forgetPassword"),
)


def codes_for(purpose: str) -> tuple[Code, ...]:
    """The codes of that purpose, of every app that has them."""
    return tuple(code for code in CODES if code.purpose == purpose)


def wrong(digits: str) -> str:
    """Other digits, as many."""
    return "".join(str((int(digit) + 1) % 10) for digit in digits)
