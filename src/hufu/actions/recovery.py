"""Recovering an account whose password is forgotten."""

from dataclasses import dataclass, field

from hufu.actions.deps import Deps
from hufu.actions.outbox import CodeSent, send_code, spend_probe
from hufu.actions.passwords import (
    NewPassword,
    PasswordSet,
    prepare_password,
    replace_password,
)
from hufu.actions.sessions import SessionToken, SignedIn, open_session
from hufu.actions.verification import (
    confirm,
    confirm_for_state,
    confirm_newest,
    opening,
    spend,
    taking_back,
    unless_refused,
)
from hufu.domain.errors import (
    AccountUnknown,
    ChallengeUnknown,
    CodeWrong,
    PasswordShared,
    PasswordUnchanged,
    Refusal,
)
from hufu.domain.events import EventKind
from hufu.domain.identifiers import BoundIdentifier, Identifier
from hufu.domain.passwords import Password, PasswordPurpose
from hufu.domain.permissions import Client
from hufu.domain.recovery import GRANT_LIFE, may_recover
from hufu.domain.sessions import SignInMethod
from hufu.domain.verification import Code, Purpose
from hufu.services import randomness
from hufu.services.keys import token_hash
from hufu.storage.work import Work


async def _recoverable(deps: Deps, work: Work, identifier: Identifier) -> BoundIdentifier | None:
    """The identifier, as its owner spells it, if a code sent to it may open the account again.
    Where there is none, that costs the same statements."""
    bound = await work.identifiers.find(deps.app.pool, identifier)
    others = await work.identifiers.of(bound.account_id if bound else None)
    if bound is None:
        return None
    older = [other for other in others if other.verified and other.bound_at < bound.bound_at]
    delay = deps.app.recovery_delay
    allowed = may_recover(bound, len(older), delay, deps.now())
    return bound if allowed else None


@dataclass(frozen=True, slots=True)
class BeginRecovery:
    """Ask for a code that recovers the identifier's account."""

    client: Client
    identifier: Identifier


@dataclass(frozen=True, slots=True)
class RecoveryBegun:
    """A code was sent. `alias` must come back with it; it is not the account's id."""

    code_id: int
    alias: int


async def begin_recovery(deps: Deps, cmd: BeginRecovery) -> RecoveryBegun:
    """Send a code bound to a random alias. Nothing can be sent to a user name, whoever's it is.

    Raises AccountUnknown, SendLimitReached, DeliveryUnavailable.
    """
    if not cmd.identifier.reachable:
        raise AccountUnknown
    alias = randomness.number31()
    async with deps.begin() as work:
        bound = await _recoverable(deps, work, cmd.identifier)
        if bound is None and deps.app.reveal_unknown_user:
            await spend_probe(deps, work, cmd.client)
            raise AccountUnknown
        code = await _send(deps, work, cmd, bound, str(alias))
        await work.commit()
    return RecoveryBegun(code.id, alias)


@dataclass(frozen=True, slots=True)
class ConfirmRecovery:
    """Present the code together with both references."""

    client: Client
    code_id: int
    alias: int
    digits: str


@dataclass(frozen=True, slots=True)
class RecoveryGranted:
    """The token sets one password, within 15 minutes."""

    token: str = field(repr=False)


async def confirm_recovery(deps: Deps, cmd: ConfirmRecovery) -> RecoveryGranted:
    """Issue a grant. Raises ChallengeUnknown, CodeWrong, CodeExpired."""

    async def find(work: Work) -> Code | None:
        code = await work.codes.lock(cmd.code_id, deps.app.name)
        fits = code and code.purpose is Purpose.RECOVER and code.binding == str(cmd.alias)
        return code if fits else None

    code = await confirm(deps, find, cmd.digits, ChallengeUnknown())
    token = randomness.hex_token()
    async with opening(deps, code) as work:
        now = deps.now()
        await spend(deps, work, code)
        if code.account_id is None:
            raise CodeWrong
        await work.grants.add(
            token_hash(token), code.account_id, deps.app.name, now, now + GRANT_LIFE
        )
        await work.events.add(
            EventKind.RECOVERY_GRANTED,
            now,
            app=deps.app.name,
            account_id=code.account_id,
            network=cmd.client.network,
        )
        await work.commit()
    return RecoveryGranted(token)


@dataclass(frozen=True, slots=True)
class SendRecoveryCode:
    """Ask for a recovery code where the wire carries no reference to it."""

    client: Client
    identifier: Identifier


async def send_recovery_code(deps: Deps, cmd: SendRecoveryCode) -> CodeSent:
    """Send a code, or only pretend to. Raises SendLimitReached, DeliveryUnavailable."""
    async with deps.begin() as work:
        bound = await _recoverable(deps, work, cmd.identifier)
        await _send(deps, work, cmd, bound)
        await work.commit()
    return CodeSent()


async def _send(
    deps: Deps,
    work: Work,
    cmd: BeginRecovery | SendRecoveryCode,
    bound: BoundIdentifier | None,
    binding: str = "",
) -> Code:
    """A code to the identifier that is bound; where none is, one that nobody will ever read."""
    return await send_code(
        deps,
        work,
        cmd.client,
        bound.identifier if bound else cmd.identifier,
        Purpose.RECOVER,
        binding=binding,
        account_id=bound.account_id if bound else None,
        decoy=bound is None,
    )


@dataclass(frozen=True, slots=True)
class RecoverWithCode:
    """Set a new password with the code that was sent to the identifier.

    With a `state_binding` the code is one that was sent for the identifier's state, bound to that.
    Of such codes a right one of the other state opens nothing, but earns an honest answer.
    `account` is another identifier that must lead to the same account, where the wire has one;
    `unknown_told_first` tells of an unknown identifier before the code, where the app tells it;
    `unchanged_refused` refuses the password that the account has.
    """

    client: Client
    identifier: Identifier
    digits: str
    password: Password
    state_binding: str | None = None
    account: Identifier | None = None
    unknown_told_first: bool = False
    unchanged_refused: bool = False
    replaces: SessionToken | None = None


async def recover_with_code(deps: Deps, cmd: RecoverWithCode) -> PasswordSet:
    """Set the password and end every session. Raises PasswordUnfit, CodeWrong, CodeExpired, and
    after a right code AccountUnknown, AccountBarred, PasswordUnchanged, PasswordShared."""
    proved = await _prove(deps, cmd)
    async with opening(deps, proved.code) as work:
        await _replace_proved(deps, work, proved)
        await work.commit()
    return PasswordSet()


async def recover_and_sign_in(deps: Deps, cmd: RecoverWithCode) -> SignedIn:
    """Set the password, end every session and open one. Raises what `recover_with_code` raises."""
    proved = await _prove(deps, cmd)
    async with opening(deps, proved.code) as work:
        account_id = await _replace_proved(deps, work, proved)
        signed_in = await open_session(
            deps,
            work,
            cmd.client,
            account_id,
            SignInMethod.RECOVERY,
            replaces=cmd.replaces,
        )
        await work.commit()
    return signed_in


@dataclass(frozen=True, slots=True)
class _Proved:
    """A right code, and what it leads to: a new password for an account, or a refusal."""

    code: Code
    outcome: tuple[int, NewPassword] | Refusal


async def _confirm(deps: Deps, cmd: RecoverWithCode) -> Code:
    if cmd.state_binding is None:
        return await confirm_newest(deps, Purpose.RECOVER, cmd.identifier, cmd.digits)
    return await confirm_for_state(deps, cmd.identifier, cmd.digits, cmd.state_binding)


async def _prove(deps: Deps, cmd: RecoverWithCode) -> _Proved:
    deps.app.password_policy.check(cmd.password)
    if cmd.unknown_told_first and deps.app.reveal_unknown_user:
        await _refuse_unknown(deps, cmd)
    code = await _confirm(deps, cmd)
    async with unless_refused(deps, taking_back(code)):
        return await _outcome(deps, cmd, code)


async def _outcome(deps: Deps, cmd: RecoverWithCode, code: Code) -> _Proved:
    async with deps.look() as work:
        bound = await _recoverable(deps, work, cmd.identifier)
        if bound is None or code.purpose is not Purpose.RECOVER:
            return _Proved(code, AccountUnknown())
        account_id = bound.account_id
        if refusal := await _why_not(deps, work, cmd, account_id):
            return _Proved(code, refusal)
        current = await work.passwords.find(account_id, PasswordPurpose.SIGN_IN)
    if cmd.unchanged_refused and await deps.hasher.matches(cmd.password, current):
        return _Proved(code, PasswordUnchanged())
    try:
        return _Proved(code, (account_id, await prepare_password(deps, account_id, cmd.password)))
    except PasswordShared:
        return _Proved(code, PasswordShared())


async def _refuse_unknown(deps: Deps, cmd: RecoverWithCode) -> None:
    async with deps.begin() as work:
        if await _recoverable(deps, work, cmd.identifier) is None:
            await spend_probe(deps, work, cmd.client)
            raise AccountUnknown


async def _replace_proved(deps: Deps, work: Work, proved: _Proved) -> int:
    if not isinstance(proved.outcome, Refusal):
        await work.accounts.lock(proved.outcome[0])
    await spend(deps, work, proved.code)
    if isinstance(proved.outcome, Refusal):
        await work.commit()  # The code is spent, whatever the answer is.
        raise proved.outcome
    account_id, new = proved.outcome
    await replace_password(deps, work, account_id, new)
    return account_id


async def _why_not(deps: Deps, work: Work, cmd: RecoverWithCode, account_id: int) -> Refusal | None:
    """Why a right code does not set the password, in the order in which it is told."""
    if cmd.account is not None:
        named = (cmd.account.kind, cmd.account.key)
        own = await work.identifiers.of(account_id)
        if all((bound.identifier.kind, bound.identifier.key) != named for bound in own):
            return AccountUnknown()
    account = await work.accounts.find(account_id, deps.app.pool)
    if account is None:
        return AccountUnknown()
    return account.admit()
