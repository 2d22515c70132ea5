"""Proving to be an account's owner, by password or by code."""

from dataclasses import dataclass
from datetime import datetime

from hufu.actions.deps import Deps
from hufu.actions.outbox import CodeSent, send_code, spend_probe
from hufu.actions.sessions import SessionToken, SignedIn, open_session, recognise
from hufu.actions.verification import confirm_newest
from hufu.domain.devices import KNOWN_FOR, marks_of
from hufu.domain.errors import (
    AccountUnknown,
    CodeExpired,
    GuessLimitReached,
    PasswordWrong,
)
from hufu.domain.events import EventKind
from hufu.domain.identifiers import Identifier
from hufu.domain.limits import Limit
from hufu.domain.passwords import Password, PasswordPurpose
from hufu.domain.permissions import Caller, Client
from hufu.domain.sessions import SignInMethod
from hufu.domain.verification import Purpose
from hufu.services.keys import token_hash
from hufu.services.overload import Overloaded
from hufu.storage.identifiers import SignInCandidate
from hufu.storage.work import Work


@dataclass(frozen=True, slots=True)
class LogIn:
    """Sign in with a password, on `device` where the wire names one, in place of the session that
    the client has."""

    client: Client
    identifier: Identifier
    password: Password
    device: str | None = None
    replaces: SessionToken | None = None


async def log_in(deps: Deps, cmd: LogIn) -> SignedIn:
    """Open a session. Raises AccountUnknown, PasswordWrong, AccountBarred, GuessLimitReached."""
    proved = await prove_password(deps, cmd.client, cmd.identifier, cmd.password, cmd.device)
    async with deps.begin() as work:
        await _admit_again(work, proved)
        signed_in = await open_session(
            deps,
            work,
            cmd.client,
            proved.account.id,
            SignInMethod.PASSWORD,
            cmd.device,
            cmd.replaces,
        )
        await work.commit()
    return signed_in


async def prove_password(
    deps: Deps,
    client: Client,
    identifier: Identifier,
    password: Password,
    device: str | None = None,
) -> SignInCandidate:
    """The account that identifier and password open; every door that takes a password is here.

    The guess is counted before it is evaluated, and a right one takes its own count back, so that
    guesses made at once cannot slip through. One that was never compared takes it back as well.
    Unknown accounts cost the same hash. Raises AccountUnknown, PasswordWrong, AccountBarred (after
    the right password), GuessLimitReached, Overloaded.
    """
    async with deps.look() as work:
        candidates = await work.identifiers.candidates(
            deps.app.pool,
            identifier,
            deps.app.name,
            [token_hash(mark) for mark in marks_of(client, device)],
            deps.now() - KNOWN_FOR,
        )
        guess = await _count_guess(deps, work, client, identifier, candidates)
    proved = await _first_match(deps, password, candidates, guess, _least(deps, identifier))
    async with deps.look() as work:
        if proved is None:
            await _record_refusal(deps, work, client, candidates)
            if not candidates and deps.app.reveal_unknown_user:
                raise AccountUnknown
            raise PasswordWrong
        await guess.refund(work)
    if refusal := proved.account.admit():
        raise refusal
    return await _renewed(deps, password, proved)


@dataclass(frozen=True, slots=True)
class _Guess:
    """The hits that one guess made on its limits."""

    at: datetime
    hits: tuple[tuple[Limit, str], ...]

    async def refund(self, work: Work) -> None:
        for limit, subject in self.hits:
            await work.limits.refund(limit, subject, self.at)


async def _count_guess(
    deps: Deps,
    work: Work,
    client: Client,
    identifier: Identifier,
    candidates: list[SignInCandidate],
) -> _Guess:
    """Count the guess. What strangers guess at an account adds up, whatever door they try; each
    device that the owner signed in from counts by itself, so that strangers lock nobody out."""
    if not candidates:
        # Under a digest, for people type their password where their name is due.
        typed = deps.secrets.codes.digest(f"{identifier.kind}:{identifier.key}")
        hits = [(Limit.PASSWORD_GUESSES, f"unknown:{typed.hex()}")]
    elif (device := candidates[0].device) is None:
        hits = [(Limit.PASSWORD_GUESSES, f"account:{candidates[0].account.id}")]
    else:
        known = f"account:{candidates[0].account.id}:{device.hex()}"
        hits = [(Limit.PASSWORD_GUESSES_KNOWN, known)]
    if client.network is not None:  # First, so that a network over its limit uses up no account's.
        hits.insert(0, (Limit.PASSWORD_GUESSES_FROM, client.network))
    now = deps.now()
    for limit, counted in hits:
        if not await work.limits.claim(limit, counted, deps.limits.caps(limit), now):
            raise GuessLimitReached
    return _Guess(now, tuple(hits))


async def count_password_guess(deps: Deps, work: Work, account_id: int) -> None:
    """Count a comparison with a password of the account by somebody who proved to be its owner in
    another way. Raises GuessLimitReached."""
    limit = Limit.PASSWORD_GUESSES_KNOWN
    subject = f"account:{account_id}:owner"
    if not await work.limits.claim(limit, subject, deps.limits.caps(limit), deps.now()):
        raise GuessLimitReached


def _least(deps: Deps, identifier: Identifier) -> int:
    """How many comparisons an identifier costs at least. Where anybody may have an account under an
    address that is another's, and nobody is to learn whether it is, always both."""
    both = deps.app.unproved_addresses and not deps.app.reveal_unknown_user
    return 2 if both and identifier.reachable else 1


async def _first_match(
    deps: Deps, password: Password, candidates: list[SignInCandidate], guess: _Guess, least: int
) -> SignInCandidate | None:
    verifiers = [candidate.verifier for candidate in candidates]
    verifiers += [None] * (least - len(verifiers))
    found = None
    for compared, verifier in enumerate(verifiers):
        try:
            matches = await deps.hasher.matches(password, verifier)
        except Overloaded:
            if not compared:
                async with deps.look() as work:
                    await guess.refund(work)
            raise
        if matches and found is None and compared < len(candidates):
            found = candidates[compared]
        if found is not None and compared + 1 >= least:
            break
    return found


async def _record_refusal(
    deps: Deps, work: Work, client: Client, candidates: list[SignInCandidate]
) -> None:
    for candidate in candidates:
        await work.events.add(
            EventKind.SIGN_IN_REFUSED,
            deps.now(),
            app=deps.app.name,
            account_id=candidate.account.id,
            network=client.network,
        )


async def _renewed(deps: Deps, password: Password, proved: SignInCandidate) -> SignInCandidate:
    """The candidate with a verifier of today's kind, while the password is at hand."""
    account_id, old, scheme = proved.account.id, proved.verifier, deps.app.scheme
    if old is None or not deps.hasher.outdated(old, scheme) or password.material(scheme) is None:
        return proved
    new = await deps.hasher.make(password, scheme)
    async with deps.look() as work:
        if await work.passwords.claim_renewal(account_id, old, new):
            return SignInCandidate(proved.account, new)
        current = await work.passwords.find(account_id, PasswordPurpose.SIGN_IN)
    if not await deps.hasher.matches(password, current):
        raise PasswordWrong
    return SignInCandidate(proved.account, current)


async def _admit_again(work: Work, proved: SignInCandidate) -> None:
    """See that neither the account nor its password changed while the hash was computed."""
    account = await work.accounts.lock(proved.account.id)
    verifier = await work.passwords.find(account.id, PasswordPurpose.SIGN_IN)
    if verifier != proved.verifier:
        raise PasswordWrong
    if refusal := account.admit():
        raise refusal


async def authenticate_by_password(
    deps: Deps, client: Client, identifier: Identifier, password: Password
) -> Caller:
    """Who sends identifier and password with a single call; no session is opened.

    Raises what `prove_password` raises.
    """
    proved = await prove_password(deps, client, identifier, password)
    async with deps.look() as work:
        role = await work.roles.get(proved.account.id, deps.app.name)
    return Caller(
        account_id=proved.account.id,
        session_id=None,
        signed_in_at=deps.now(),
        role=role,
    )


@dataclass(frozen=True, slots=True)
class SendSignInCode:
    """Ask for a code that signs in; `session` is what the client has of one already."""

    client: Client
    identifier: Identifier
    session: SessionToken | None
    same_client: bool


@dataclass(frozen=True, slots=True)
class AlreadySignedIn:
    """The asker's own session is live; said to nobody else."""

    account_id: int


async def send_sign_in_code(deps: Deps, cmd: SendSignInCode) -> CodeSent | AlreadySignedIn:
    """Send a code to the account's number. Raises AccountUnknown, SendLimitReached,
    DeliveryUnavailable."""
    caller = await recognise(deps, cmd.session) if cmd.session else None
    async with deps.begin() as work:
        bound = await work.identifiers.find(deps.app.pool, cmd.identifier)
        account_id = bound.account_id if bound else None
        if account_id is None and deps.app.reveal_unknown_user:
            await spend_probe(deps, work, cmd.client)
            raise AccountUnknown
        if account_id is not None and await _is_own(deps, work, cmd, caller, account_id):
            return AlreadySignedIn(account_id)
        await send_code(
            deps,
            work,
            cmd.client,
            cmd.identifier,
            Purpose.SIGN_IN,
            account_id=account_id,
            decoy=account_id is None,
        )
        await work.commit()
    return CodeSent()


async def _is_own(
    deps: Deps, work: Work, cmd: SendSignInCode, caller: Caller | None, account_id: int
) -> bool:
    """Whether the asker has a session of the account: its own cookie's, or its own client's."""
    if cmd.session is not None:
        return caller is not None and caller.account_id == account_id
    now = deps.now()
    return cmd.same_client and any(
        session.live(now)
        and session.app == deps.app.name
        and (session.network, session.user_agent) == (cmd.client.network, cmd.client.user_agent)
        for session in await work.sessions.of(account_id)
    )


@dataclass(frozen=True, slots=True)
class LogInWithCode:
    """Sign in with the code that was sent to the identifier."""

    client: Client
    identifier: Identifier
    digits: str
    replaces: SessionToken | None = None


async def log_in_with_code(deps: Deps, cmd: LogInWithCode) -> SignedIn:
    """Open a session. Raises CodeWrong, CodeExpired, AccountBarred."""
    code = await confirm_newest(deps, Purpose.SIGN_IN, cmd.identifier, cmd.digits)
    async with deps.begin() as work:
        if code.account_id is None:
            raise CodeExpired
        # Before the code: whoever voids an account's codes holds the account first.
        account = await work.accounts.lock(code.account_id)
        if not await work.codes.claim(code.id, deps.now()):
            raise CodeExpired
        if refusal := account.admit():
            await work.commit()
            raise refusal
        signed_in = await open_session(
            deps, work, cmd.client, account.id, SignInMethod.CODE, None, cmd.replaces
        )
        await work.commit()
    return signed_in
