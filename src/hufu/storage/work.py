"""One connection, one transaction, and the rows that can be reached through it."""

from hufu.storage.accounts import Accounts
from hufu.storage.captchas import Captchas
from hufu.storage.events import Events
from hufu.storage.handles import Handles
from hufu.storage.identifiers import Identifiers
from hufu.storage.identity_numbers import IdentityNumbers
from hufu.storage.invitations import Invitations
from hufu.storage.limits import LimitCounters
from hufu.storage.outbox import Outbox
from hufu.storage.passwords import Passwords
from hufu.storage.permissions import Roles
from hufu.storage.profiles import Profiles
from hufu.storage.recovery import Grants
from hufu.storage.registrations import Registrations
from hufu.storage.rows import Connection
from hufu.storage.sessions import Sessions
from hufu.storage.verification import Codes


class Work:
    """What an action does to the database between BEGIN and its one COMMIT."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.committed = False
        self.accounts = Accounts(connection)
        self.captchas = Captchas(connection)
        self.codes = Codes(connection)
        self.events = Events(connection)
        self.grants = Grants(connection)
        self.handles = Handles(connection)
        self.identifiers = Identifiers(connection)
        self.identity_numbers = IdentityNumbers(connection)
        self.invitations = Invitations(connection)
        self.limits = LimitCounters(connection)
        self.outbox = Outbox(connection)
        self.passwords = Passwords(connection)
        self.profiles = Profiles(connection)
        self.registrations = Registrations(connection)
        self.roles = Roles(connection)
        self.sessions = Sessions(connection)

    async def commit(self) -> None:
        """Make everything so far last; nothing may follow it."""
        await self._connection.execute("COMMIT")
        self.committed = True
