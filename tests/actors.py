"""People at the front door: one class per dialect, speaking as its clients speak."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import uuid4

from front_door import LOOPBACK, Answer, World

XID = "0123456789ABCDEFabcdef0123456789"
UTIME = "1461137183"
MODULUS = 49477


@dataclass(frozen=True)
class Session:
    """What a client keeps of being signed in; `identifier` is how it signed in."""

    identifier: str
    account_id: int
    fields: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Actor(ABC):
    """One client of one app."""

    mount: str
    host: str = "127.0.0.1:8000"
    peer: str = LOOPBACK
    user_agent: str = "actor/1"
    app: ClassVar[str]
    resets_passwords: ClassVar[bool] = True

    async def form(self, world: World, path: str, fields: Mapping[str, object]) -> Answer:
        return await world.form(self.mount + path, fields, **self._place())

    async def json(
        self,
        world: World,
        path: str,
        fields: Mapping[str, object],
        method: str = "POST",
        cookies: Mapping[str, str] | None = None,
    ) -> Answer:
        more = self._place()
        return await world.json(self.mount + path, fields, method, cookies=cookies, **more)

    async def get(
        self, world: World, path: str, cookies: Mapping[str, str] | None = None
    ) -> Answer:
        return await world.get(self.mount + path, cookies=cookies, **self._place())

    def _place(self) -> dict[str, Any]:
        return {
            "host": self.host,
            "peer": self.peer,
            "headers": [("user-agent", self.user_agent)],
        }

    @abstractmethod
    async def register(self, world: World, identifier: str, password: str) -> None:
        """Make an account that the password opens."""

    @abstractmethod
    async def try_to_sign_in(self, world: World, identifier: str, password: str) -> Answer:
        """What sign-in answers."""

    @abstractmethod
    async def sign_in(self, world: World, identifier: str, password: str) -> Session | None:
        """A session, or None where sign-in is refused."""

    @abstractmethod
    async def signed_in(self, world: World, session: Session) -> bool:
        """Whether the session still counts."""

    async def change_password(self, world: World, identifier: str, password: str) -> bool:
        """Set a new password, as somebody who forgot the old one; whether that worked."""
        raise NotImplementedError


@dataclass(frozen=True)
class Fomo(Actor):
    mount: str = "/fomo"
    app: ClassVar[str] = "fomo"

    async def call(self, world: World, name: str, /, **fields: object) -> Any:
        return (await self.form(world, f"/customer/{name}", fields)).json()

    async def register(self, world: World, identifier: str, password: str) -> None:
        begun = await self.call(world, "register", user_name=identifier, pwd=password)
        assert begun["status"] == 1, begun
        code = await world.code(identifier)
        done = await self.call(world, "complete_register", verify_code=code, **begun["data"])
        assert done["status"] == 1, done

    async def try_to_sign_in(self, world: World, identifier: str, password: str) -> Answer:
        return await self.form(
            world, "/customer/login", {"login_name": identifier, "pwd": password}
        )

    async def sign_in(self, world: World, identifier: str, password: str) -> Session | None:
        answer = (await self.try_to_sign_in(world, identifier, password)).json()
        if answer["status"] != 1:
            return None
        data = answer["data"]
        return Session(
            identifier, int(data["user_info"]["id"]), {"session_key": data["session_key"]}
        )

    async def signed_in(self, world: World, session: Session) -> bool:
        return (await self.call(world, "get_user_info", **session.fields))["status"] == 1

    async def change_password(self, world: World, identifier: str, password: str) -> bool:
        begun = await self.call(world, "rec_pwd1", user_name=identifier)
        if begun["status"] != 1:
            return False
        code = await world.code(identifier)
        granted = await self.call(world, "rec_pwd2", verify_code=code, **begun["data"])
        if granted["status"] != 1:
            return False
        done = await self.call(world, "set_pwd", pwd=password, **granted["data"])
        return bool(done["status"] == 1)


def md5(password: str) -> str:
    """What a company client sends of a password."""
    return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Company(Actor):
    mount: str = "/company"
    xid: str = XID
    app: ClassVar[str] = "company"

    async def call(self, world: World, name: str, /, **fields: object) -> Any:
        sent = {"utime": UTIME, **fields}
        return (await self.form(world, f"/user/{name}", sent)).json()

    async def ask_code(self, world: World, phone: str) -> Any:
        sec = str((int(phone) - int(UTIME)) % MODULUS)
        return await self.call(world, "sms", phone=phone, xid=self.xid, sec=sec)

    async def register(self, world: World, identifier: str, password: str) -> None:
        assert await self.ask_code(world, identifier) == {"code": "200"}
        code = await world.code(identifier)
        done = await self.call(
            world, "reg", phone=identifier, xid=self.xid, yzm=code, pwd=md5(password)
        )
        assert done["code"] == "200", done

    async def try_to_sign_in(self, world: World, identifier: str, password: str) -> Answer:
        sent = {"phone": identifier, "xid": self.xid, "utime": UTIME, "pwd": md5(password)}
        return await self.form(world, "/user/login", sent)

    async def sign_in(self, world: World, identifier: str, password: str) -> Session | None:
        answer = (await self.try_to_sign_in(world, identifier, password)).json()
        if answer["code"] != "200":
            return None
        fields = {"uid": answer["uid"], "sec": answer["sec"]}
        return Session(identifier, int(answer["uid"]), fields)

    async def signed_in(self, world: World, session: Session) -> bool:
        return (await self.call(world, "getUserInfo", **session.fields))["code"] == "200"

    async def change_password(self, world: World, identifier: str, password: str) -> bool:
        if await self.ask_code(world, identifier) != {"code": "200"}:
            return False
        code = await world.code(identifier)
        done = await self.call(
            world, "pwd", phone=identifier, xid=self.xid, yzm=code, pwd=md5(password)
        )
        return bool(done["code"] == "200")


@dataclass(frozen=True)
class Rental(Actor):
    mount: str = "/rental"
    app: ClassVar[str] = "rental"
    resets_passwords: ClassVar[bool] = False

    async def ask_code(self, world: World, phone: str) -> Any:
        codeid = str(uuid4())
        assert (await self.get(world, f"/api/imagecode?pcodeid=&codeid={codeid}")).status == 200
        sent = {
            "mobile": phone,
            "image_code_id": codeid,
            "image_code_text": await world.captcha(codeid, self.app),
        }
        return (await self.json(world, "/api/smscode", sent)).json()

    async def register(self, world: World, identifier: str, password: str) -> None:
        assert (await self.ask_code(world, identifier))["errno"] == 0
        sent = {
            "mobile": identifier,
            "phonecode": await world.code(identifier),
            "password": password,
            "password2": password,
        }
        done = (await self.json(world, "/api/register", sent)).json()
        assert done["errno"] == 0, done

    async def try_to_sign_in(self, world: World, identifier: str, password: str) -> Answer:
        return await self.json(world, "/api/login", {"mobile": identifier, "password": password})

    async def sign_in(self, world: World, identifier: str, password: str) -> Session | None:
        answer = await self.try_to_sign_in(world, identifier, password)
        if answer.json()["errno"] != 0:
            return None
        cookies = answer.cookies()
        profile = (await self.get(world, "/api/profile", cookies)).json()
        return Session(identifier, profile["data"]["user_id"], cookies=cookies)

    async def signed_in(self, world: World, session: Session) -> bool:
        answer = await self.get(world, "/api/check_login", session.cookies)
        return bool(answer.json()["errno"] == 0)


@dataclass(frozen=True)
class Creator(Actor):
    mount: str = "/creator"
    app: ClassVar[str] = "creator"

    async def register(self, world: World, identifier: str, password: str) -> None:
        if not identifier.isdigit():
            sent = {"account": identifier, "password": password}
            done = await self.form(world, "/user/register", sent)
            assert done.json() == {"msg": "register successful"}, done
            return
        path = f"/user/registerPhone/{quote(identifier)}"
        assert (await self.get(world, path)).json() == {"msg": "注意接收短信"}
        sent = {"phone_number": identifier, "identifying_code": await world.code(identifier)}
        done = await self.form(world, path, sent)
        assert done.json() == {"msg": "register successful"}, done
        assert await self.change_password(world, identifier, password)

    async def try_to_sign_in(self, world: World, identifier: str, password: str) -> Answer:
        return await self.form(world, "/user/login", {"account": identifier, "password": password})

    async def sign_in(self, world: World, identifier: str, password: str) -> Session | None:
        answer = await self.try_to_sign_in(world, identifier, password)
        if answer.json()["msg"] != "login successful":
            return None
        return Session(identifier, answer.json()["user_id"], cookies=answer.cookies())

    async def signed_in(self, world: World, session: Session) -> bool:
        """By the one answer that tells; without a phone, by signing out, which ends the session."""
        if session.identifier.isdigit():
            path = f"/user/loginPhone/{quote(session.identifier)}"
            answer = await self.get(world, path, session.cookies)
            return bool(answer.json()["msg"] == "已经登陆了")
        return (await self.log_out(world, session)).status == 200

    async def log_out(self, world: World, session: Session) -> Answer:
        sent = {"user_id": session.account_id}
        return await self.json(world, "/user/logout", sent, cookies=session.cookies)

    async def change_password(self, world: World, identifier: str, password: str) -> bool:
        path = f"/user/forgetPassword/{quote(identifier)}"
        await self.get(world, path)
        sent = {
            "phone_number": identifier,
            "identifying_code": await world.code(identifier),
            "new_password": password,
        }
        done = await self.form(world, path, sent)
        return bool(done.json()["msg"] == "login successful")


ACTORS: tuple[Actor, ...] = (Fomo(), Company(), Rental(), Creator())
