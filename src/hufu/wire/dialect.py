"""The shape of a dialect: a table of endpoints, a table of refusals, and how a session is shown."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from hufu.actions.deps import App, Deps
from hufu.actions.sessions import SessionToken
from hufu.domain.errors import Malformed, Refusal, all_refusals
from hufu.domain.identifiers import Identifier
from hufu.domain.instants import Instant
from hufu.domain.passwords import Password
from hufu.domain.permissions import Caller, Client, Role
from hufu.domain.profiles import View
from hufu.domain.rewards import Deed
from hufu.domain.values import value
from hufu.services import randomness
from hufu.services.clock import Clock
from hufu.wire.body import Fields
from hufu.wire.deviations import Deviation
from hufu.wire.headers import Headers

KIB = 1024
BODY_LIMIT = 64 * KIB
JSON = b"application/json; charset=utf-8"
JPEG = b"image/jpeg"
PREFETCH = (b"sec-purpose", b"purpose", b"x-moz")
BROWSERS = frozenset({b"origin", b"sec-fetch-site", b"sec-fetch-dest", *PREFETCH})
"""What browsers say of who had them send a request, and for what. Apps' own clients say nothing."""

Options = TypeVar("Options")
Command = TypeVar("Command")
Command_co = TypeVar("Command_co", covariant=True)
Result = TypeVar("Result")


@value
class Head:
    """What a request says before its body. `cors_origins` are the foreign origins whose pages may
    call the app; `session` is what its cookie shows; with `secure` the app's own pages come by TLS,
    whatever the request came by from a proxy."""

    method: str
    headers: Headers
    cors_origins: frozenset[str]
    session: str | None = field(repr=False)
    secure: bool = False

    @property
    def says_nothing(self) -> bool:
        """Whether nothing is said of who had it sent, so that it is neither for another site, nor
        ahead of need, nor for something to be drawn."""
        return self.headers.none_of(BROWSERS)

    @property
    def cross_site(self) -> bool:
        """Whether a browser sent it on behalf of a site that may not (Fetch Metadata, RFC 6454).

        An origin is the app's own when it names the host that the request was sent to, which a
        foreign page cannot choose, and a scheme that the app has: who is between the visitor and a
        page without TLS writes what is in it.
        """
        origin = self.header(b"origin")
        if origin is not None and origin in self.cors_origins:
            return False
        if self.header(b"sec-fetch-site") == "cross-site":
            return True
        if origin is None:
            return False
        scheme, _, host = origin.partition("://")
        own = scheme == "https" or (scheme == "http" and not self.secure)
        return not own or host != self.header(b"host")

    @property
    def ahead_of_need(self) -> bool:
        """Whether a browser fetches what its user may never ask for."""
        for name in PREFETCH:
            value = self.headers.first(name)
            if value is not None and b"prefetch" in value:
                return True
        return False

    def header(self, name: bytes) -> str | None:
        """The first header of that lower-case name."""
        value = self.headers.first(name)
        return None if value is None else value.decode("latin-1")


@value
class Visit(Generic[Options]):
    """Everything about a request that is not in its fields.

    `session` is the one that the request shows, checked where the endpoint needs it; `visitor` is
    the token of somebody who is not signed in.
    """

    app: App
    options: Options
    client: Client
    clock: Clock
    session: SessionToken | None
    visitor: str | None = field(repr=False)

    def now(self) -> datetime:
        """The time by the database's clock, in UTC."""
        return self.clock.now()

    def instant(self) -> Instant:
        """The same as a number."""
        return self.clock.instant()


@value
class SetCookie:
    """A cookie for the mount; an empty value takes it away."""

    name: str
    value: str = field(repr=False)
    life: timedelta | None = None


@value
class Reply:
    """An answer before it is bytes. A body of bytes is sent as it is, any other as JSON."""

    body: object
    status: int = 200
    content_type: bytes = JSON
    cookies: tuple[SetCookie, ...] = ()


Refusals = Mapping[type[Refusal], Reply]


@dataclass(frozen=True, slots=True)
class PasswordProof:
    """Identifier and password, sent with one call in place of a session."""

    identifier: Identifier
    password: Password = field(repr=False)


Proof = SessionToken | PasswordProof
ProofOf = Callable[[Fields, str | None], Proof]
"""Finds what the fields and the session cookie show."""


class Request(Protocol[Command_co, Options]):
    """A struct in the wire's language that translates itself, once, into a command."""

    def command(self, visit: Visit[Options]) -> Command_co:
        """The command; raises Malformed, or a refusal that is about the form of a value."""
        ...


@dataclass(frozen=True, slots=True)
class Anyone(Generic[Options, Command, Result]):
    """A row of a dialect's table: an endpoint that anybody may call.

    `path` is below the mount and may end in one `<parameter>`, which reaches the request struct
    under that name, angle brackets included. `refusals` are the row's own words where they differ
    from the dialect's. `from_query` reads the fields from the query string. `content_type` is that
    of a success. Where an app tells nobody who
    has an account, a `steady` row answers at ticks of a clock that began with the request. The
    action of a row that `hashes` begins with a place for a hash.
    """

    method: str
    path: str
    request: type[Request[Command, Options]]
    action: Callable[[Deps, Command], Awaitable[Result]]
    reply: Callable[[Result, Visit[Options]], Reply]
    refusals: Refusals = field(default_factory=dict)
    body_limit: int = BODY_LIMIT
    from_query: bool = False
    content_type: bytes = JSON
    steady: bool = True
    hashes: bool = False

    async def answer(self, deps: Deps, request: Any, visit: Visit[Options]) -> Reply:
        """The action's result in the dialect's words. Raises what command and action raise."""
        return self.reply(await self.action(deps, request.command(visit)), visit)


@dataclass(frozen=True, slots=True)
class Member(Generic[Options, Command, Result]):
    """A row of a dialect's table: an endpoint that needs somebody who is signed in.

    `proof` is the row's own way of telling who, where it is not the dialect's; `view` is what is
    read together with the session, and `at_once` what the action would give of it where it need not
    wait for more; the other fields are those of `Anyone`.
    """

    method: str
    path: str
    request: type[Request[Command, Options]]
    action: Callable[[Deps, Caller, Command], Awaitable[Result]]
    reply: Callable[[Result, Visit[Options]], Reply]
    refusals: Refusals = field(default_factory=dict)
    body_limit: int = BODY_LIMIT
    from_query: bool = False
    content_type: bytes = JSON
    proof: ProofOf | None = None
    view: View = View.SESSION
    at_once: Callable[[Deps, Caller], Result | None] | None = None
    steady: bool = False

    async def answer(
        self, deps: Deps, caller: Caller, request: Any, visit: Visit[Options]
    ) -> Reply:
        """The action's result in the dialect's words. Raises what command and action raise."""
        return self.reply(await self.action(deps, caller, request.command(visit)), visit)


Endpoint = Anyone[Options, Any, Any] | Member[Options, Any, Any]


TokenReader = Callable[[str], SessionToken]


def no_guard(_: Head, __: Endpoint[Any]) -> None:
    """The guard of a dialect that browsers do not speak."""


def no_deviations(_: App, __: Any) -> tuple[Deviation, ...]:
    """The deviations of a dialect that asks for nothing weak of its own."""
    return ()


def read_hex_token(text: str) -> SessionToken:
    """A session of a dialect that has nothing but a token for it."""
    if not randomness.is_hex_token(text):
        raise Malformed("token")
    return SessionToken(text)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a dialect needs of the core. `reward_items` are its names for what it rewards.

    `mint_token` makes a session token; `read_token` reads a session out of the one text as which
    an app's backend passes it on, and raises Malformed.
    """

    md5_passwords: bool = False
    handles: bool = False
    unproved_addresses: bool = False
    unique_names: bool = False
    sole_identity_numbers: bool = False
    session_guesses_limited: bool = False
    mint_token: Callable[[], str] = randomness.hex_token
    read_token: TokenReader = read_hex_token
    code_minutes: int = 10
    session_idle_days: int = 7
    session_absolute_days: int = 30
    reward_items: Mapping[Deed, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialect(Generic[Options]):
    """One old account API.

    `proof` finds what the fields and the session cookie show: raises NotSignedIn, or Malformed
    where the dialect has it so. `proof_fields` say what a proof reads, where it reads fields.
    `guard` refuses by the head alone, before the body is read. `malformed` and `broken` are bodies
    that leave under several statuses. `roles` are the wire's names of the roles that an operator
    may grant. `deviations` are the dialect's own weaknesses, as far as the settings leave them in
    force.
    """

    name: str
    title: str
    options: type[Options]
    endpoints: tuple[Endpoint[Options], ...]
    refusals: Refusals
    malformed: Reply
    broken: Reply
    proof: ProofOf
    roles: Mapping[Role, str]
    proof_fields: Mapping[ProofOf, type[msgspec.Struct]] = field(default_factory=dict)
    traits: Traits = Traits()
    guard: Callable[[Head, Endpoint[Any]], None] = no_guard
    session_cookie: str | None = None
    visitor_cookie: str | None = None
    doubled_slashes: bool = False
    deviations: Callable[[App, Options], tuple[Deviation, ...]] = no_deviations


def replies_to_refusals(dialect: Dialect[Any], own: Refusals) -> dict[type[Refusal], Reply]:
    """What a row says to every refusal there is: its `own` words, or else the dialect's."""
    named = {**dialect.refusals, **own}
    return {
        refusal: next(named[kind] for kind in refusal.__mro__ if kind in named)
        for refusal in all_refusals()
    }
