"""Putting messages into the outbox, in the transaction of what they are about."""

import json
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from hufu.actions.deps import Deps
from hufu.domain.errors import DeliveryUnavailable, SendLimitReached
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.limits import Limit
from hufu.domain.names import mask_email, mask_phone
from hufu.domain.permissions import Client
from hufu.domain.sending import Breaker, block_of, prefix_of
from hufu.domain.verification import Code, Purpose
from hufu.services import randomness
from hufu.services.delivery import Channel, Notice
from hufu.services.phones import country, national
from hufu.storage.work import Work

SEALED_AS = "outbox"


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code is on its way, as far as the asker is told."""


def channel_of(identifier: Identifier) -> Channel:
    """How a message reaches the identifier; user names are not reachable."""
    match identifier.kind:
        case IdentifierKind.PHONE:
            return Channel.SMS
        case IdentifierKind.EMAIL:
            return Channel.EMAIL
        case IdentifierKind.USER_NAME:
            raise ValueError("nothing can be sent to a user name")


def masked(identifier: Identifier) -> str:
    """The identifier as it may be shown in a message or a log."""
    match identifier.kind:
        case IdentifierKind.PHONE:
            return mask_phone(national(identifier.key))
        case IdentifierKind.EMAIL:
            return mask_email(identifier.shown)
        case IdentifierKind.USER_NAME:
            return identifier.shown


async def _admit(
    deps: Deps, work: Work, client: Client, identifier: Identifier, now: datetime
) -> None:
    """Count one message to the identifier, and see that nothing else forbids it. What many share is
    looked at only: whoever is refused waits for nobody. Raises SendLimitReached.

    A client that is in no network, as a developer's own machine, is not asked for the numbers
    around the one that it names.

    Raises DeliveryUnavailable while the provider is known to fail. As all counts are made in the
    caller's transaction, a refusal counts nothing.
    """
    if rest := deps.channels.rest(deps.app.name, channel_of(identifier)):
        raise DeliveryUnavailable(ceil(rest))
    phone = identifier.kind is IdentifierKind.PHONE
    if phone and country(identifier.key) not in deps.app.sms_countries:
        raise SendLimitReached
    subject = f"{identifier.kind}:{identifier.key}"
    caps = deps.limits.caps(Limit.SENDS_TO)
    if not await work.limits.claim(Limit.SENDS_TO, subject, caps, now):
        raise SendLimitReached
    for limit, shared in _shared(client, identifier):
        if not await work.limits.allows(limit, shared, deps.limits.caps(limit), now):
            raise SendLimitReached
    if phone and client.network is not None:
        breaker, prefix = Breaker.of(deps.limits), prefix_of(identifier.key)
        if await work.sending.stopped(prefix, now, breaker):
            raise SendLimitReached


async def _count_shared(
    deps: Deps, work: Work, client: Client, identifier: Identifier, now: datetime, sent: int
) -> None:
    """Count a message against what many share, last of all: from here to the COMMIT the others
    wait. Raises SendLimitReached."""
    for limit, shared in _shared(client, identifier):
        if not await work.limits.claim(limit, shared, deps.limits.caps(limit), now):
            raise SendLimitReached
    price, budget = deps.app.price_per_message, deps.app.budget_per_day
    if budget and not await work.limits.claim_budget(deps.app.name, now, price, budget):
        raise SendLimitReached
    if identifier.kind is IdentifierKind.PHONE and client.network is not None:
        await work.sending.add(prefix_of(identifier.key), now, sent=sent)


def _shared(client: Client, identifier: Identifier) -> list[tuple[Limit, str]]:
    """The limits that a message shares with others, and their subjects."""
    if client.network is None:
        return []
    shared = [(Limit.SENDS_FROM, client.network)]
    if identifier.kind is IdentifierKind.PHONE:
        shared.append((Limit.SENDS_AROUND, block_of(identifier.key)))
    return shared


async def spend_probe(deps: Deps, work: Work, client: Client) -> None:
    """Count, and commit, an answer that tells whether an account exists. Raises SendLimitReached,
    for in all such calls something would have been sent."""
    if client.network is not None:
        caps = deps.limits.caps(Limit.PROBES_FROM)
        if not await work.limits.claim(Limit.PROBES_FROM, client.network, caps, deps.now()):
            raise SendLimitReached
    await work.commit()


async def refuse_prober(deps: Deps, work: Work, client: Client) -> None:
    """For calls by which nothing is sent: refuse a network that has had its share of such answers,
    whatever it would be told now. Raises SendLimitReached."""
    if client.network is not None:
        limit = Limit.PROBES_FROM
        caps = deps.limits.caps(limit)
        if not await work.limits.allows(limit, client.network, caps, deps.now()):
            raise SendLimitReached


async def send_code(
    deps: Deps,
    work: Work,
    client: Client,
    identifier: Identifier,
    purpose: Purpose,
    *,
    binding: str = "",
    account_id: int | None = None,
    decoy: bool = False,
    instead: Notice | None = None,
) -> Code:
    """Send a code, voiding older ones of the same app and purpose.

    A `decoy` is counted, kept and guessed at like any code, and costs the same work, but nobody is
    told its digits: the message is written for nobody, or is the notice `instead`. Raises
    SendLimitReached, DeliveryUnavailable.
    """
    now = deps.now()
    await _admit(deps, work, client, identifier, now)
    await work.codes.void(deps.app.pool, identifier, now, app=deps.app.name, purposes=(purpose,))
    digits = randomness.digits(deps.app.code_digits)
    while True:
        code_id = randomness.number31()
        code = Code(
            id=code_id,
            app=deps.app.name,
            purpose=purpose,
            identifier=identifier,
            binding=binding,
            account_id=account_id,
            digest=deps.secrets.codes.stamped(f"{code_id}:{digits}"),
            guesses=0,
            sent_at=now,
            expires_at=now + deps.app.code_life,
            spent=False,
            voided=False,
        )
        if await work.codes.claim_id(deps.app.pool, code):
            break
    if instead is None:
        await _add(deps, work, identifier, purpose, now, digits, code.expires_at, kept=not decoy)
    else:
        await send_notice(deps, work, identifier, instead, identifier)
    await _count_shared(deps, work, client, identifier, now, sent=0 if decoy else 1)
    return code


async def send_notice(
    deps: Deps, work: Work, to: Identifier, notice: Notice, about: Identifier
) -> None:
    """Tell the owner of an identifier what happened. Notices are not held back by send limits:
    each follows a step that was itself limited."""
    if to.reachable:
        await _add(deps, work, to, notice, deps.now(), None, None, about)


async def _add(
    deps: Deps,
    work: Work,
    to: Identifier,
    purpose: str,
    now: datetime,
    digits: str | None,
    expires_at: datetime | None,
    about: Identifier | None = None,
    kept: bool = True,
) -> None:
    channel = channel_of(to)
    subject, text = deps.templates.render(
        deps.app.name,
        purpose,
        channel,
        deps.app.language,
        app=deps.app.title,
        identifier=masked(about or to),
        **(
            {}
            if digits is None
            else {
                "code": digits,
                "minutes": str(int(deps.app.code_life.total_seconds()) // 60),
            }
        ),
    )
    letter = json.dumps({"code": digits, "subject": subject, "text": text})
    recipient = to.key if channel is Channel.SMS else to.shown
    sealed = deps.secrets.letters.seal(letter, SEALED_AS)
    await work.outbox.add(deps.app.name, channel, recipient, purpose, sealed, now, expires_at, kept)
