"""Opening and ending sessions, and recognising who is signed in."""

from dataclasses import dataclass, field
from uuid import uuid4

from hufu.actions.deps import Deps
from hufu.actions.names import open_profile
from hufu.domain.devices import marks_of
from hufu.domain.errors import NotAllowed, SessionDead, SignInTooOld
from hufu.domain.events import EventKind
from hufu.domain.identifiers import Identifier
from hufu.domain.instants import Instant, time_of
from hufu.domain.limits import Cap, Limit, within
from hufu.domain.passwords import Verifier
from hufu.domain.permissions import Caller, Client, Role
from hufu.domain.profiles import View
from hufu.domain.sessions import RECENT, Presented, Session, SignInMethod
from hufu.domain.values import value
from hufu.services.keys import token_hash
from hufu.storage.sign_in import Guess, Opened, Opening
from hufu.storage.work import Work


@value
class SessionToken:
    """What a client shows as its session; `account_id` or `identifier` where the wire names the
    account too."""

    token: str = field(repr=False)
    account_id: int | None = None
    identifier: Identifier | None = field(repr=False, default=None)


@value
class SignedIn:
    """A session is open; only the client knows its token. `shown` is what an answer may show."""

    account_id: int
    role: Role
    token: str = field(repr=False)
    shown: Opened = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """A right password: the verifier that it fits, and the guess that it was."""

    verifier: Verifier
    guess: Guess


async def open_session(
    deps: Deps,
    work: Work,
    client: Client,
    account_id: int,
    method: SignInMethod,
    device: str | None = None,
    replaces: SessionToken | None = None,
) -> SignedIn:
    """A new session of an account that the caller's transaction holds; it replaces one of the same
    device, and the one that the client showed. Only COMMIT follows where a code was used for it,
    which is counted last."""
    token = deps.app.mint_token()
    opening = _opening(deps, client, account_id, token, method, device, replaces)
    while (shown := await work.sign_ins.open(opening, work.used)) is None:
        await open_profile(deps, work, account_id)
    work.used = None
    return SignedIn(account_id, shown.role, token, shown)


async def claim_session(
    deps: Deps,
    work: Work,
    client: Client,
    account_id: int,
    proof: Proof,
    device: str | None = None,
    replaces: SessionToken | None = None,
) -> SignedIn | None:
    """The same in a single statement, for a right password, whose guess is taken back; None, where
    there is more to do or where the password is not right any more."""
    token, method = deps.app.mint_token(), SignInMethod.PASSWORD
    opening = _opening(deps, client, account_id, token, method, device, replaces)
    shown = await work.sign_ins.claim(opening, proof.verifier, proof.guess)
    return SignedIn(account_id, shown.role, token, shown) if shown else None


def _opening(
    deps: Deps,
    client: Client,
    account_id: int,
    token: str,
    method: SignInMethod,
    device: str | None,
    replaces: SessionToken | None,
) -> Opening:
    now = deps.now()
    session = Session(
        id=uuid4(),
        account_id=account_id,
        app=deps.app.name,
        method=method,
        device=device,
        network=client.network,
        user_agent=client.user_agent,
        created_at=now,
        seen_at=now,
        idle=deps.app.sessions.idle,
        expires_at=now + deps.app.sessions.absolute,
    )
    return Opening(
        session,
        token_hash(token),
        token_hash(replaces.token) if replaces else None,
        [token_hash(mark) for mark in marks_of(client, device)],
    )


async def authenticate(
    deps: Deps, client: Client, presented: SessionToken, view: View = View.SESSION
) -> Caller:
    """Who is signed in, and in the same statement what the `view` shows of them.

    Raises SessionDead, and NotAllowed where somebody else is named too.
    """
    now = deps.instant()
    network = client.network if deps.app.session_guesses_limited else None
    found = await deps.database.presented.find(token_hash(presented.token), view, network)
    if found is None or not proves(deps, found, presented, now):
        await _count_wrong(deps, network)
        raise SessionDead
    if found.wrong_tokens and not within(_token_caps(deps), found.wrong_tokens, time_of(now)):
        raise SessionDead
    if presented.identifier is not None:
        await _refuse_other(deps, presented.identifier, found.account_id)
    return _used(deps, found, now)


def recognised(deps: Deps, presented: SessionToken, found: Presented | None) -> Caller | None:
    """Who is signed in, where what was found settles it; otherwise `authenticate` has to."""
    now = deps.instant()
    if (
        found is None
        or found.wrong_tokens
        or presented.identifier is not None
        or not proves(deps, found, presented, now)
    ):
        return None
    return _used(deps, found, now)


def _used(deps: Deps, found: Presented, now: Instant) -> Caller:
    if found.wants_touch(now):
        deps.database.last_seen.record(found.id, time_of(now))
    return Caller(
        found.account_id,
        found.id,
        found.signed_in_at,
        found.role,
        found.name,
        found.me,
        found.details,
    )


def proves(deps: Deps, found: Presented, presented: SessionToken, now: Instant) -> bool:
    """Whether the session counts in the app for what was presented."""
    return found.app == deps.app.name and found.proves(presented.account_id, now)


async def _refuse_other(deps: Deps, identifier: Identifier, account_id: int) -> None:
    async with deps.look() as work:
        named = await work.identifiers.find(deps.app.pool, identifier)
    if named is None or named.account_id != account_id:
        raise NotAllowed


def _token_caps(deps: Deps) -> tuple[Cap, ...]:
    return deps.limits.caps(Limit.SESSION_GUESSES_FROM)


async def _count_wrong(deps: Deps, network: str | None) -> None:
    if network is not None:
        async with deps.look() as work:
            await work.limits.claim(
                Limit.SESSION_GUESSES_FROM, network, _token_caps(deps), deps.now()
            )


async def recognise(deps: Deps, presented: SessionToken) -> Caller | None:
    """Who is signed in, where a session is welcome but not needed."""
    try:
        return await authenticate(deps, Client(None, ""), presented)
    except SessionDead:
        return None


async def require_recent(deps: Deps, work: Work, caller: Caller) -> None:
    """Refuse steps that change who owns the account to a session that may have been stolen.

    The sign-in itself, or a recovery code, must be recent. Raises SignInTooOld.
    """
    since = deps.now() - RECENT
    recent = time_of(caller.signed_in_at) >= since
    if recent or await work.grants.issued_since(caller.account_id, since):
        return
    raise SignInTooOld


@dataclass(frozen=True, slots=True)
class LogOut:
    """End the session that the request was made with."""


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The session has ended."""


async def log_out(deps: Deps, caller: Caller, _: LogOut) -> LoggedOut:
    """End the caller's session. Raises SessionDead where it has ended already."""
    if caller.session_id is None:
        raise SessionDead
    async with deps.begin() as work:
        if not await work.sessions.claim_end(caller.session_id):
            raise SessionDead
        await _record_end(deps, work, caller.account_id)
        await work.commit()
    return LoggedOut()


@dataclass(frozen=True, slots=True)
class LogOutAccount:
    """End sessions of an account that is named by its id, which proves nothing.

    With a session, it must be that account's. Without one, and only where `same_client` is
    allowed, what ends is what the same client opened: same network, same user agent.
    """

    client: Client
    account_id: int
    session: SessionToken | None
    same_client: bool


async def log_out_account(deps: Deps, cmd: LogOutAccount) -> LoggedOut:
    """End the client's own session. Raises NotAllowed where there is none."""
    if cmd.session is not None:
        caller = await recognise(deps, cmd.session)
        if caller is None or caller.account_id != cmd.account_id:
            raise NotAllowed
        return await log_out(deps, caller, LogOut())
    if not cmd.same_client:
        raise NotAllowed
    async with deps.begin() as work:
        client = cmd.client
        ended = await work.sessions.claim_ends_of_client(
            deps.app.name, cmd.account_id, client.network, client.user_agent, deps.now()
        )
        if not ended:
            raise NotAllowed
        await _record_end(deps, work, cmd.account_id)
        await work.commit()
    return LoggedOut()


async def _record_end(deps: Deps, work: Work, account_id: int) -> None:
    await work.events.add(
        EventKind.SIGNED_OUT, deps.now(), app=deps.app.name, account_id=account_id
    )
