"""One connection, one transaction, and the rows that can be reached through it."""

from typing import Generic, TypeVar

import asyncpg

from hufu.domain.sending import Used
from hufu.storage.accounts import Accounts
from hufu.storage.app_secrets import AppSecrets
from hufu.storage.captchas import Captchas
from hufu.storage.chains import Chains
from hufu.storage.chores import Chores
from hufu.storage.devices import Devices
from hufu.storage.events import Events
from hufu.storage.handles import Handles
from hufu.storage.heartbeats import Heartbeats
from hufu.storage.identifiers import Identifiers
from hufu.storage.identity_numbers import IdentityNumbers
from hufu.storage.invitations import Invitations
from hufu.storage.key_uses import KeyUses
from hufu.storage.ledger import Ledger
from hufu.storage.limits import LimitCounters
from hufu.storage.newcomers import Newcomers
from hufu.storage.outbox import Outbox
from hufu.storage.passwords import Passwords
from hufu.storage.permissions import Roles
from hufu.storage.profiles import Profiles
from hufu.storage.recovery import Grants
from hufu.storage.registrations import Registrations
from hufu.storage.reservations import Reservations
from hufu.storage.retention import Leftovers
from hufu.storage.rewards import Awards, RewardRules
from hufu.storage.rows import Connection, Rows
from hufu.storage.sending import Sending
from hufu.storage.sessions import Sessions
from hufu.storage.sign_in import SignIns
from hufu.storage.verification import Codes
from hufu.storage.words import Words

AnyRows = TypeVar("AnyRows", bound=Rows)

REFUSED = "ERROR"
"""How severe PostgreSQL says a refusal is that leaves nothing behind. What ends the connection as
well may come after a COMMIT that was done."""


class _Of(Generic[AnyRows]):
    """Rows that are reached when they are first asked for: of the many kinds there are, a unit of
    work needs few, and making all of them cost each of it 4 µs."""

    def __init__(self, kind: type[AnyRows]) -> None:
        self._kind = kind

    def __set_name__(self, _: type["Work"], name: str) -> None:
        self._name = name

    def __get__(self, work: "Work", _: type["Work"]) -> AnyRows:
        rows = self._kind(work._connection)  # noqa: SLF001
        work.__dict__[self._name] = rows  # From now on found there, before this is.
        return rows


class Work:
    """What an action does to the database between BEGIN and its one COMMIT.

    `used` is a code that was used and is still to be counted. Many share that count, so `commit`
    makes it, last of all.
    """

    accounts = _Of(Accounts)
    app_secrets = _Of(AppSecrets)
    awards = _Of(Awards)
    captchas = _Of(Captchas)
    chains = _Of(Chains)
    chores = _Of(Chores)
    codes = _Of(Codes)
    devices = _Of(Devices)
    events = _Of(Events)
    grants = _Of(Grants)
    handles = _Of(Handles)
    heartbeats = _Of(Heartbeats)
    identifiers = _Of(Identifiers)
    identity_numbers = _Of(IdentityNumbers)
    invitations = _Of(Invitations)
    key_uses = _Of(KeyUses)
    ledger = _Of(Ledger)
    leftovers = _Of(Leftovers)
    limits = _Of(LimitCounters)
    newcomers = _Of(Newcomers)
    outbox = _Of(Outbox)
    passwords = _Of(Passwords)
    profiles = _Of(Profiles)
    registrations = _Of(Registrations)
    reservations = _Of(Reservations)
    reward_rules = _Of(RewardRules)
    roles = _Of(Roles)
    sending = _Of(Sending)
    sessions = _Of(Sessions)
    sign_ins = _Of(SignIns)
    words = _Of(Words)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.used: Used | None = None
        self.committed = False
        self.may_last = False

    async def commit(self) -> None:
        """Make everything so far last; nothing may follow it.

        Where that fails it `may_last` nevertheless, unless the database itself has refused it: the
        connection may have been cut after COMMIT was done.
        """
        if self.used is not None:
            await self.sending.add_used(self.used)
        self.may_last = not self._connection.is_closed()
        try:
            await self._connection.execute("COMMIT")
        except asyncpg.PostgresError as error:
            self.may_last = error.severity_en != REFUSED
            raise
        self.committed = True
