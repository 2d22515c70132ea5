"""What a lost database looks like."""

import asyncpg

from hufu.services.overload import Unavailable


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, or not within the time a request may wait."""


class DatabaseRefuses(DatabaseUnavailable):
    """The database answers, and will not do this now: its disk is full, or others hold a lock."""


class NotLetIn(ConnectionError):
    """The database answers, and takes no connection; its text is the kind of error it gave."""


LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)
"""What asyncpg raises when the statement may well succeed on another attempt."""

_STANDS = (
    TimeoutError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)


_REFUSALS = (
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)


def told(error: BaseException) -> DatabaseUnavailable:
    """What is raised in place of one of LOST, whose text may hold what a client sent."""
    kind = DatabaseRefuses if isinstance(error, _REFUSALS) else DatabaseUnavailable
    return kind(str(error) if isinstance(error, NotLetIn) else type(error).__name__)


def is_useless(error: BaseException) -> bool:
    """Whether the connection is of no use after this, though it may not be closed: what was broken
    off in the middle of an answer stays so, and a server that only reads will go on to do so."""
    return isinstance(error, LOST) and not isinstance(error, _STANDS)
