"""What a lost database looks like."""

import asyncpg

from hufu.services.overload import Unavailable


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, or not within the time a request may wait."""


LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)
"""What asyncpg raises when the statement may well succeed on another attempt."""
