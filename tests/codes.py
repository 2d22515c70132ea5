"""Every call that sends a code to a phone, each with the call that takes it back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from actors import Actor, Company, Creator, Fomo, Rental
from front_door import World

PASSWORD, NEW_PASSWORD = "correct horse 1", "battery staple 2"


@dataclass
class Person:
    """Somebody with an account by e-mail, signed in to fomo; the phone is theirs if `registered`.

    `references` is what came back when a code was asked for.
    """

    phone: str
    email: str
    session_key: str
    registered: bool
    references: dict[str, Any] = field(default_factory=dict)


async def person(
    world: World, number: int, *, registered: bool, password: str = PASSWORD
) -> Person:
    """Another person for each number."""
    email, fomo = f"person{number}@example.com", Fomo()
    await fomo.register(world, email, password)
    session = await fomo.sign_in(world, email, password)
    assert session is not None
    who = Person(f"138{number:08d}", email, session.fields["session_key"], registered=False)
    if registered:
        await BIND.ask(world, who)
        assert await BIND.open(world, who, await world.code(who.phone))
        who.registered = True
    who.references.clear()
    return who


Ask = Callable[[World, Person], Awaitable[Mapping[str, Any]]]
Show = Callable[[World, Person, str], Awaitable[Any]]


@dataclass(frozen=True)
class Code:
    """A code of one app for one purpose. `asks` tells what a request for it answers, `shows` what
    the call answers that takes it."""

    app: str
    purpose: str
    registered: bool
    asks: Ask
    shows: Show
    opened: Callable[[Any], bool]

    def __str__(self) -> str:
        return f"{self.app}-{self.purpose}"

    async def ask(self, world: World, who: Person) -> None:
        """Have a code sent, and keep the references that come back."""
        answer = await self.asks(world, who)
        who.references |= answer.get("data") or {}

    async def show(self, world: World, who: Person, digits: str) -> Any:
        """What the call that takes the code answers."""
        return await self.shows(world, who, digits)

    async def open(self, world: World, who: Person, digits: str) -> bool:
        """Whether the code opens what it is for."""
        return self.opened(await self.show(world, who, digits))


def _fomo(name: str, registered: bool, ask: str, show: str) -> Code:
    async def asks(world: World, who: Person) -> Any:
        named = {"user_name": who.phone, "phone": who.phone, "pwd": NEW_PASSWORD}
        answer = await Fomo().call(world, ask, session_key=who.session_key, **named)
        assert answer["status"] == 1, answer
        return answer

    async def shows(world: World, who: Person, digits: str) -> Any:
        known = {"verify_id": 1, "tmp_user_id": 1, "user_id": 1} | who.references
        return await Fomo().call(
            world, show, session_key=who.session_key, verify_code=digits, **known
        )

    return Code("fomo", name, registered, asks, shows, lambda answer: answer["status"] == 1)


def _company(name: str, registered: bool, show: str) -> Code:
    async def asks(world: World, who: Person) -> Any:
        answer = await Company().ask_code(world, who.phone)
        assert answer == {"code": "200"}, answer
        return answer

    async def shows(world: World, who: Person, digits: str) -> Any:
        company = Company()
        return await company.call(
            world, show, phone=who.phone, xid=company.xid, yzm=digits, pwd="0" * 32
        )

    return Code("company", name, registered, asks, shows, lambda answer: answer["code"] == "200")


def _rental() -> Code:
    async def asks(world: World, who: Person) -> Any:
        answer = await Rental().ask_code(world, who.phone)
        assert answer["errno"] == 0, answer
        return answer

    async def shows(world: World, who: Person, digits: str) -> Any:
        sent = {"mobile": who.phone, "phonecode": digits, "password": NEW_PASSWORD}
        return (await Rental().json(world, "/api/register", sent)).json()

    return Code("rental", "register", False, asks, shows, lambda answer: answer["errno"] == 0)


def _creator(name: str, registered: bool, call: str) -> Code:
    async def asks(world: World, who: Person) -> Any:
        answer = await Creator().get(world, f"/user/{call}/{quote(who.phone)}")
        assert answer.status == 200, answer
        return answer.json()

    async def shows(world: World, who: Person, digits: str) -> Any:
        sent = {
            "phone_number": who.phone,
            "identifying_code": digits,
            "new_password": NEW_PASSWORD,
        }
        return (await Creator().form(world, f"/user/{call}/{quote(who.phone)}", sent)).json()

    def opened(answer: Any) -> bool:
        return answer["msg"] in {"register successful", "login successful"}

    return Code("creator", name, registered, asks, shows, opened)


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
