"""fastapi-users as its documentation sets it up: database strategy, SQLAlchemy, asyncpg.

Read: "Configuration", the pages on SQLAlchemy, on the database strategy and on password hashes.
"""

import os
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport
from fastapi_users.authentication.strategy.db import AccessTokenDatabase, DatabaseStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyAccessTokenDatabase,
    SQLAlchemyBaseAccessTokenTableUUID,
)
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import String
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SECRET = "of this measurement alone"
COST = os.environ.get("EQUAL_COST")
"""Memory (KiB) and passes of the other contestant's Argon2id, or nothing: the library's own."""


class Base(DeclarativeBase):
    """The tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """An account, with one field of a profile."""

    city: Mapped[str] = mapped_column(String(55), default="")


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """A session."""


class UserRead(schemas.BaseUser[uuid.UUID]):
    """What is shown."""

    city: str


class UserCreate(schemas.BaseUserCreate):
    """What is registered."""


class UserUpdate(schemas.BaseUserUpdate):
    """What is changed."""

    city: str | None = None


engine = create_async_engine(os.environ["DATABASE_URL"])
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def get_session() -> AsyncGenerator[AsyncSession, None]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


async def get_user_db(session: Session):
    yield SQLAlchemyUserDatabase(session, User)


UserDatabase = Annotated[SQLAlchemyUserDatabase, Depends(get_user_db)]


async def get_access_token_db(session: Session):
    yield SQLAlchemyAccessTokenDatabase(session, AccessToken)


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


def password_helper() -> PasswordHelper | None:
    if COST is None:
        return None
    memory, passes = map(int, COST.split(","))
    hasher = Argon2Hasher(time_cost=passes, memory_cost=memory, parallelism=1)
    return PasswordHelper(PasswordHash((hasher,)))


HELPER = password_helper()


async def get_user_manager(user_db: UserDatabase):
    yield UserManager(user_db, HELPER)


def get_strategy(
    tokens: Annotated[AccessTokenDatabase[AccessToken], Depends(get_access_token_db)],
) -> DatabaseStrategy:
    return DatabaseStrategy(tokens, lifetime_seconds=3600)


backend = AuthenticationBackend(
    name="database", transport=BearerTransport(tokenUrl="auth/login"), get_strategy=get_strategy
)
users = FastAPIUsers[User, uuid.UUID](get_user_manager, [backend])


@asynccontextmanager
async def lifespan(_: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(users.get_auth_router(backend), prefix="/auth")
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(users.get_users_router(UserRead, UserUpdate), prefix="/users")
