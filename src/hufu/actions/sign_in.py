"""Proving to be an account's owner, by password or by code."""

from dataclasses import dataclass
from functools import partial

from hufu.actions.deps import Deps
from hufu.actions.outbox import CodeSent, send_code, spend_probe
from hufu.actions.sessions import (
    Proof,
    SessionToken,
    SignedIn,
    claim_session,
    open_session,
    recognise,
)
from hufu.actions.verification import confirm_newest, opening, spend, unless_refused
from hufu.domain.accounts import Account
from hufu.domain.devices import KNOWN_FOR, marks_of
from hufu.domain.errors import (
    AccountUnknown,
    CodeExpired,
    GuessLimitReached,
    PasswordWrong,
)
from hufu.domain.identifiers import Identifier
from hufu.domain.limits import Limit
from hufu.domain.passwords import Password, PasswordPurpose, Verifier
from hufu.domain.permissions import Caller, Client
from hufu.domain.sessions import SignInMethod
from hufu.domain.verification import Purpose
from hufu.services.keys import token_hash
from hufu.services.overload import Overloaded
from hufu.storage.sign_in import Asked, Guess
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
    account, proof = await prove_password(
        deps, cmd.client, cmd.identifier, cmd.password, cmd.device
    )
    async with unless_refused(deps, partial(_refund, proof.guess)), deps.look() as work:
        signed_in = await claim_session(
            deps, work, cmd.client, account.id, proof, cmd.device, cmd.replaces
        )
    return signed_in or await _log_in_step_by_step(deps, cmd, account.id, proof.verifier)


async def _log_in_step_by_step(
    deps: Deps, cmd: LogIn, account_id: int, proved: Verifier
) -> SignedIn:
    """Where the account was never in the app before; or, while the hash was computed, was barred
    or closed, or had its password changed or its verifier made anew."""
    async with deps.begin() as work:
        account = await work.accounts.lock(account_id)
        current = await work.passwords.find(account.id, PasswordPurpose.SIGN_IN)
        if current == proved:
            if refusal := account.admit():
                raise refusal
            method = SignInMethod.PASSWORD
            signed_in = await open_session(
                deps, work, cmd.client, account.id, method, cmd.device, cmd.replaces
            )
            await work.commit()
            return signed_in
    if current is None or not await deps.hasher.matches(cmd.password, current):
        raise PasswordWrong
    return await _log_in_step_by_step(deps, cmd, account_id, current)


async def prove_password(
    deps: Deps,
    client: Client,
    identifier: Identifier,
    password: Password,
    device: str | None = None,
) -> tuple[Account, Proof]:
    """The account that identifier and password open; every door that takes a password is here.

    The guess is counted before it is evaluated, and a right one takes its own count back, so that
    guesses made at once cannot slip through: the caller does that with whatever else it writes. One
    that was never compared takes it back as well. Unknown accounts cost the same hash. Raises
    AccountUnknown, PasswordWrong, AccountBarred (after the right password), GuessLimitReached,
    Overloaded.
    """
    with deps.hasher.place():
        async with deps.look() as work:
            guess = await _count_guess(deps, work, client, identifier, device)
        proved = await _first_match(deps, password, guess, _least(deps, identifier))
        if proved is None:
            async with deps.look() as work:
                await work.sign_ins.add_refusals(guess, deps.app.name, deps.now())
            if not guess.candidates and deps.app.reveal_unknown_user:
                raise AccountUnknown
            raise PasswordWrong
        account, verifier = proved
        if refusal := account.admit():
            await _take_back(deps, guess)
            raise refusal
        if _outdated(deps, password, verifier):
            await _take_back(deps, guess)
            verifier = await _renewed(deps, password, account.id, verifier)
    return account, Proof(verifier, guess)


async def _count_guess(
    deps: Deps, work: Work, client: Client, identifier: Identifier, device: str | None
) -> Guess:
    """Count the guess. What strangers guess at an account adds up, whatever door they try; each
    device that the owner signed in from counts by itself, so that strangers lock nobody out."""
    # Under a digest, for people type their password where their name is due.
    typed = deps.secrets.codes.digest(f"{identifier.kind}:{identifier.key}")
    now, caps = deps.now(), deps.limits.caps
    asked = Asked(
        deps.app.pool,
        deps.app.name,
        identifier,
        client.network,
        [token_hash(mark) for mark in marks_of(client, device)],
        now - KNOWN_FOR,
        f"unknown:{typed.hex()}",
    )
    guess = await work.sign_ins.claim_guess(
        asked,
        now,
        network=caps(Limit.PASSWORD_GUESSES_FROM),
        strangers=caps(Limit.PASSWORD_GUESSES),
        known=caps(Limit.PASSWORD_GUESSES_KNOWN),
    )
    if guess is None:
        raise GuessLimitReached
    return guess


async def _take_back(deps: Deps, guess: Guess) -> None:
    async with deps.look() as work:
        await _refund(guess, work)


async def _refund(guess: Guess, work: Work) -> None:
    await work.sign_ins.refund(guess)


def _least(deps: Deps, identifier: Identifier) -> int:
    """How many comparisons an identifier costs at least. Where anybody may have an account under an
    address that is another's, and nobody is to learn whether it is, always both."""
    both = deps.app.unproved_addresses and not deps.app.reveal_unknown_user
    return 2 if both and identifier.reachable else 1


async def _first_match(
    deps: Deps, password: Password, guess: Guess, least: int
) -> tuple[Account, Verifier] | None:
    candidates = guess.candidates
    verifiers = [candidate.verifier for candidate in candidates]
    verifiers += [None] * (least - len(verifiers))
    found = None
    for compared, verifier in enumerate(verifiers):
        try:
            matches = await deps.hasher.matches(password, verifier)
        except Overloaded:
            if not compared or found is not None:
                await _take_back(deps, guess)
            raise
        if matches and verifier and found is None:
            found = candidates[compared].account, verifier
        if found is not None and compared + 1 >= least:
            break
    return found


def _outdated(deps: Deps, password: Password, verifier: Verifier) -> bool:
    """Whether the verifier is not of today's kind, and can be made so: the password is at hand."""
    scheme = deps.app.scheme
    return deps.hasher.outdated(verifier, scheme) and password.material(scheme) is not None


async def _renewed(deps: Deps, password: Password, account_id: int, old: Verifier) -> Verifier:
    """A verifier of today's kind of the password that fits the old one."""
    new = await deps.hasher.make(password, deps.app.scheme)
    async with deps.look() as work:
        if await work.passwords.claim_renewal(account_id, old, new):
            return new
        current = await work.passwords.find(account_id, PasswordPurpose.SIGN_IN)
    if current is None or not await deps.hasher.matches(password, current):
        raise PasswordWrong
    return current


async def authenticate_by_password(
    deps: Deps, client: Client, identifier: Identifier, password: Password
) -> Caller:
    """Who sends identifier and password with a single call; no session is opened.

    Raises what `prove_password` raises.
    """
    account, proof = await prove_password(deps, client, identifier, password)
    async with deps.look() as work:
        await work.sign_ins.refund(proof.guess)
        role = await work.roles.get(account.id, deps.app.name)
    return Caller(
        account_id=account.id,
        session_id=None,
        signed_in_at=deps.instant(),
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
        own = await _is_own(deps, work, cmd, caller, account_id)
        if own and account_id is not None:
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
    deps: Deps, work: Work, cmd: SendSignInCode, caller: Caller | None, account_id: int | None
) -> bool:
    """Whether the asker has a session of the account: its own cookie's, or its own client's.

    Nobody's sessions are looked for, too, so that the work does not tell who has an account.
    """
    if cmd.session is not None:
        return caller is not None and caller.account_id == account_id
    client = cmd.client
    return cmd.same_client and await work.sessions.any_of_client(
        deps.app.name, account_id, client.network, client.user_agent, deps.now()
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
    async with opening(deps, code) as work:
        if code.account_id is None:
            raise CodeExpired
        # Before the code: whoever voids an account's codes holds the account first.
        account = await work.accounts.lock(code.account_id)
        await spend(deps, work, code)
        if refusal := account.admit():
            await work.commit()
            raise refusal
        signed_in = await open_session(
            deps, work, cmd.client, account.id, SignInMethod.CODE, None, cmd.replaces
        )
        await work.commit()
    return signed_in
