"""The peers: other people's servers, in the form that their documentation has for production."""

import itertools
import json
import secrets
import subprocess
from abc import abstractmethod
from dataclasses import dataclass, field

from contestants import (
    CHECKS,
    CODE,
    COST,
    EQUAL,
    HASHES,
    PEERS,
    PEOPLE,
    PROFILE_WRITE,
    REGISTER,
    SESSION_CHECK,
    SIGN_IN,
    WRITES,
    Contestant,
    Operation,
    cycled,
    emails,
    json_sent,
)
from hufu.cli.bench_calls import FORM, Answer
from hufu.services.load import Sent
from processes import HOST, Program, Served, clean


@dataclass
class Peer(Contestant):
    """Somebody else's server: people with an e-mail address, a password and a session."""

    equal_cost: bool = False
    people: list[str] = field(default_factory=lambda: list(itertools.islice(emails(), PEOPLE)))
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    sessions: list[dict[str, str]] = field(default_factory=list)

    session_call = sign_in_call = register_call = write_call = ("", "")
    good_session = good_sign_in = good_register = good_write = b""

    @abstractmethod
    def register(self, email: str) -> Sent:
        """Register."""

    @abstractmethod
    def sign_in(self, email: str) -> Sent:
        """Sign in."""

    @abstractmethod
    def session(self, answer: Answer) -> dict[str, str]:
        """The headers that show the session which a sign-in opened."""

    @abstractmethod
    def write(self, session: dict[str, str], number: int) -> Sent:
        """Change the profile."""

    def environment(self) -> dict[str, str]:
        """What its process is told, over what every process is."""
        equal = {"EQUAL_COST": f"{COST.memory_kib},{COST.passes}"} if self.equal_cost else {}
        return {**self.database.environment(), **equal, "PORT": str(self.port)}

    def welcome(self, _: Served) -> None:
        """Register at the first turn, and sign in."""
        if not self.sessions:
            for email in self.people:
                self.asked(self.register(email))
            self._sign_in()

    def _sign_in(self) -> None:
        self.sessions = [self.session(self.asked(self.sign_in(email))) for email in self.people]

    def operations(self) -> list[Operation]:
        checks = [Sent(*self.session_call, session) for session in self.sessions]
        writes = [self.write(session, number) for number in range(8) for session in self.sessions]
        again = [self.sign_in(email) for email in self.people]
        fresh = map(self.register, emails())
        rows = (
            (SESSION_CHECK, self.session_call, cycled(checks), self.good_session, CHECKS),
            (PROFILE_WRITE, self.write_call, cycled(writes), self.good_write, WRITES),
            (SIGN_IN, self.sign_in_call, cycled(again), self.good_sign_in, HASHES),
            (REGISTER, self.register_call, fresh, self.good_register, HASHES),
        )
        return [
            Operation(name, " ".join(call), *more)
            for name, call, *more in rows
            if not self.only or name in self.only
        ]

    def _python(self, code: str) -> str:
        """What a line of Python prints in this peer's environment."""
        python = PEERS / self.name.partition(",")[0] / "bin" / "python"
        done = subprocess.run(
            [python, "-c", code], check=True, capture_output=True, text=True, cwd=CODE
        )
        return done.stdout.strip()

    def _versions(self, *packages: str) -> None:
        code = f"from importlib.metadata import version as v\nfor n in {packages!r}: print(v(n))"
        self.versions = dict(zip(packages, self._python(code).split(), strict=True))


class FastApiUsers(Peer):
    """fastapi-users with the database strategy, on uvicorn."""

    session_call = ("GET", "/users/me")
    sign_in_call = ("POST", "/auth/login")
    register_call = ("POST", "/auth/register")
    write_call = ("PATCH", "/users/me")
    good_session = good_register = good_write = b'"email":'
    good_sign_in = b'"access_token":'

    def prepare(self) -> None:
        self._versions("fastapi-users", "fastapi", "uvicorn", "sqlalchemy", "asyncpg")
        self.title = "fastapi-users"
        self.form = "uvicorn[standard], one worker, database strategy, SQLAlchemy, asyncpg"
        self.hash = EQUAL if self.equal_cost else "Argon2id, 65536 KiB, t = 3, p = 4"

    def program(self) -> Program:
        uvicorn = str(PEERS / "fastapi-users" / "bin" / "uvicorn")
        url = self.database.url("postgresql+asyncpg")
        return Program(
            (uvicorn, "fastapi_users_app:app", "--port", str(self.port), "--no-access-log"),
            self.port,
            CODE,
            self.logs / f"{self.database.name}.log",
            "/users/me",
            {**self.environment(), "DATABASE_URL": url},
        )

    def register(self, email: str) -> Sent:
        return json_sent(*self.register_call, {}, email=email, password=self.password)

    def sign_in(self, email: str) -> Sent:
        sent = f"username={email}&password={self.password}".encode()
        return Sent(*self.sign_in_call, FORM, sent)

    def session(self, answer: Answer) -> dict[str, str]:
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def write(self, session: dict[str, str], number: int) -> Sent:
        return json_sent(*self.write_call, session, city=f"city {number}")


class Allauth(Peer):
    """django-allauth, headless, on gunicorn."""

    session_call = ("GET", "/_allauth/app/v1/auth/session")
    sign_in_call = ("POST", "/_allauth/app/v1/auth/login")
    register_call = ("POST", "/_allauth/app/v1/auth/signup")
    write_call = ("PATCH", "/api/me")
    good_session = good_sign_in = good_register = b'"is_authenticated": true'
    good_write = b'"first_name"'

    def prepare(self) -> None:
        self._versions("django-allauth", "django", "gunicorn", "psycopg", "django-ninja")
        self.title = "django-allauth, headless"
        self.form = (
            "gunicorn, 3 workers (2 x cores + 1) of class gthread with 4 threads, sessions and "
            "persistent connections in the database"
        )
        ask = (
            "from django.contrib.auth.hashers import PBKDF2PasswordHasher as h; print(h.iterations)"
        )
        own = f"PBKDF2-SHA256, {int(self._python(ask)):,} iterations"
        self.hash = EQUAL if self.equal_cost else own
        python = str(PEERS / "allauth" / "bin" / "python")
        settings = {"DJANGO_SETTINGS_MODULE": "allauth_site.settings", **self.environment()}
        subprocess.run(
            [python, "-m", "django", "migrate", "-v0"], check=True, cwd=CODE, env=clean(settings)
        )

    def program(self) -> Program:
        gunicorn = str(PEERS / "allauth" / "bin" / "gunicorn")
        workers = ("--workers", "3", "-k", "gthread", "--threads", "4")
        return Program(
            (gunicorn, "allauth_site.wsgi", "-b", f"{HOST}:{self.port}", *workers),
            self.port,
            CODE,
            self.logs / f"{self.database.name}.log",
            self.session_call[1],
            self.environment(),
        )

    def register(self, email: str) -> Sent:
        return json_sent(*self.register_call, {}, email=email, password=self.password)

    def sign_in(self, email: str) -> Sent:
        return json_sent(*self.sign_in_call, {}, email=email, password=self.password)

    def session(self, answer: Answer) -> dict[str, str]:
        return {"X-Session-Token": answer.json()["meta"]["session_token"]}

    def write(self, session: dict[str, str], number: int) -> Sent:
        return json_sent(*self.write_call, session, first_name=f"name {number}")


@dataclass
class BetterAuth(Peer):
    """better-auth on Node."""

    cookie_cache: bool = False

    session_call = ("GET", "/api/auth/get-session")
    sign_in_call = ("POST", "/api/auth/sign-in/email")
    register_call = ("POST", "/api/auth/sign-up/email")
    write_call = ("POST", "/api/auth/update-user")
    good_session = b'"session":{'
    good_sign_in = good_register = b'"user":{'
    good_write = b'"status":true'

    def prepare(self) -> None:
        folder = PEERS / "better-auth" / "node_modules"
        for name in ("better-auth", "pg"):
            told = json.loads((folder / name / "package.json").read_text("utf-8"))
            self.versions[name] = told["version"]
        node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
        self.versions["node"] = node.stdout.strip().removeprefix("v")
        cache = "on, 5 minutes" if self.cookie_cache else "off"
        self.title = "better-auth" + (", cookie cache" if self.cookie_cache else "")
        self.form = f"node:http, one process, pg's pool of 10, cookie cache {cache}"
        self.hash = EQUAL if self.equal_cost else "scrypt, N = 16384, r = 16, p = 1"

    def environment(self) -> dict[str, str]:
        cache = {"COOKIE_CACHE": "1"} if self.cookie_cache else {}
        return {**super().environment(), **cache, "NODE_ENV": "production"}

    def program(self) -> Program:
        return Program(
            ("node", "server.mjs"),
            self.port,
            PEERS / "better-auth",
            self.logs / f"{self.database.name}.log",
            "/api/auth/ok",
            self.environment(),
        )

    def welcome(self, running: Served) -> None:
        """A cached cookie lives for five minutes: it is fetched anew before each turn."""
        super().welcome(running)
        if self.cookie_cache:
            self._sign_in()

    def register(self, email: str) -> Sent:
        own = {"Origin": f"http://{HOST}:{self.port}"}
        sent = {"name": "somebody", "email": email, "password": self.password}
        return json_sent(*self.register_call, own, **sent)

    def sign_in(self, email: str) -> Sent:
        own = {"Origin": f"http://{HOST}:{self.port}"}
        return json_sent(*self.sign_in_call, own, email=email, password=self.password)

    def session(self, answer: Answer) -> dict[str, str]:
        cookies = answer.headers.get_all("Set-Cookie", [])
        return {"Cookie": "; ".join(each.partition(";")[0] for each in cookies)}

    def write(self, session: dict[str, str], number: int) -> Sent:
        own = {"Origin": f"http://{HOST}:{self.port}", **session}
        return json_sent(*self.write_call, own, name=f"name {number}")
