"""One connection, one transaction, and the rows that can be reached through it."""

from hufu.storage.accounts import Accounts
from hufu.storage.app_secrets import AppSecrets
from hufu.storage.captchas import Captchas
from hufu.storage.chains import Chains
from hufu.storage.devices import Devices
from hufu.storage.events import Events
from hufu.storage.handles import Handles
from hufu.storage.identifiers import Identifiers
from hufu.storage.identity_numbers import IdentityNumbers
from hufu.storage.invitations import Invitations
from hufu.storage.ledger import Ledger
from hufu.storage.limits import LimitCounters
from hufu.storage.outbox import Outbox
from hufu.storage.passwords import Passwords
from hufu.storage.permissions import Roles
from hufu.storage.profiles import Profiles
from hufu.storage.recovery import Grants
from hufu.storage.registrations import Registrations
from hufu.storage.reservations import Reservations
from hufu.storage.rewards import Awards, RewardRules
from hufu.storage.rows import Connection
from hufu.storage.sending import Sending
from hufu.storage.sessions import Sessions
from hufu.storage.verification import Codes
from hufu.storage.words import Words


class Work:
    """What an action does to the database between BEGIN and its one COMMIT."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.committed = False
        self.accounts = Accounts(connection)
        self.app_secrets = AppSecrets(connection)
        self.awards = Awards(connection)
        self.captchas = Captchas(connection)
        self.chains = Chains(connection)
        self.codes = Codes(connection)
        self.devices = Devices(connection)
        self.events = Events(connection)
        self.grants = Grants(connection)
        self.handles = Handles(connection)
        self.identifiers = Identifiers(connection)
        self.identity_numbers = IdentityNumbers(connection)
        self.invitations = Invitations(connection)
        self.ledger = Ledger(connection)
        self.limits = LimitCounters(connection)
        self.outbox = Outbox(connection)
        self.passwords = Passwords(connection)
        self.profiles = Profiles(connection)
        self.registrations = Registrations(connection)
        self.reservations = Reservations(connection)
        self.reward_rules = RewardRules(connection)
        self.roles = Roles(connection)
        self.sending = Sending(connection)
        self.sessions = Sessions(connection)
        self.words = Words(connection)

    async def commit(self) -> None:
        """Make everything so far last; nothing may follow it."""
        await self._connection.execute("COMMIT")
        self.committed = True
