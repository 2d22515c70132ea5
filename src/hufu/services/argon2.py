"""Argon2id (RFC 9106), in a bounded pool of threads and never on the event loop.

It is libsodium's, which has it for the vector units of today's processors and looks at start what
this one has.
"""

import asyncio
import os
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from nacl.exceptions import InvalidkeyError
from nacl.pwhash import argon2id

from hufu.domain.passwords import Password, Scheme, Verifier, keyed
from hufu.services.keys import Keyring
from hufu.services.overload import BoundedThreads
from hufu.services.pressure import Patience

SECRET_BYTES = 32
KIB = 1024
WORTH_WAITING_FOR = 2
"""So many hashes a request waits for where more come than can be computed."""

NICENESS = 5
"""Threads that hash get a third of what the event loop gets where both want to run (Linux)."""


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """Argon2id's parameters; the defaults are OWASP's (19 MiB, 2 passes). There is one lane."""

    memory_kib: int = 19 * 1024
    passes: int = 2


class Hasher(Protocol):
    """Makes and checks verifiers."""

    @property
    def retry_after(self) -> int:
        """In how many seconds who was refused may ask again."""
        ...

    def place(self) -> AbstractContextManager[None]:
        """See that hashes will be computed for the task that enters, before anything is done for
        them. Raises Overloaded."""
        ...

    def turns_away(self, asker: str) -> bool:
        """Whether a hash for that client network is refused, if it is asked for now."""
        ...

    async def make(self, password: Password, scheme: Scheme) -> Verifier:
        """A verifier of the password, under the current pepper. Raises Overloaded."""
        ...

    async def matches(self, password: Password, verifier: Verifier | None) -> bool:
        """Whether it is the verifier's password. Costs the same where nothing could match.

        Raises Overloaded.
        """
        ...

    def outdated(self, verifier: Verifier, scheme: Scheme) -> bool:
        """Whether the verifier should be made anew while the password is at hand."""
        ...


class Argon2Hasher:
    """A pool of `slots` threads. A hash waits for at most `deadline` seconds, and at most `queue`
    of them wait; by default as many as can be computed within the deadline."""

    def __init__(
        self,
        pepper: Keyring,
        cost: Argon2Cost,
        *,
        slots: int,
        deadline: float,
        queue: int | None = None,
    ) -> None:
        self._pepper = pepper
        self._cost = cost
        began = time.thread_time()
        self._decoy = self._hash(os.urandom(SECRET_BYTES))
        seconds = time.thread_time() - began
        queue = max(1, round(deadline / seconds * slots)) if queue is None else queue
        self._threads = BoundedThreads(
            "argon2",
            threads=slots,
            patience=Patience(queue, deadline, min(queue, WORTH_WAITING_FOR * slots)),
            niceness=NICENESS,
        )

    @property
    def threads(self) -> BoundedThreads:
        """What hashes."""
        return self._threads

    @property
    def retry_after(self) -> int:
        """In how many seconds who was refused may ask again."""
        return self._threads.retry_after

    def place(self) -> AbstractContextManager[None]:
        """See that hashes will be computed for the task that enters, before anything is done for
        them. Raises Overloaded."""
        return self._threads.place()

    def turns_away(self, asker: str) -> bool:
        """Whether a hash for that client network is refused, if it is asked for now."""
        return self._threads.turns_away(asker)

    def abandon(self, task: asyncio.Task[None]) -> None:
        """Compute nothing more for the task, for nobody waits for its answer."""
        self._threads.abandon(task)

    async def make(self, password: Password, scheme: Scheme) -> Verifier:
        """A verifier of the password, under the current pepper."""
        material = password.material(scheme)
        if material is None:
            raise ValueError("a password of which only the MD5 is known has no such verifier")
        version = self._pepper.current
        secret = keyed(material, self._pepper.keys[version])
        argon2 = await self._threads.run(partial(self._hash, secret))
        return Verifier(scheme, version, argon2.decode())

    async def matches(self, password: Password, verifier: Verifier | None) -> bool:
        """Whether it is the verifier's password; a decoy is checked where nothing could match."""
        hashed, secret = self._decoy, os.urandom(SECRET_BYTES)
        if verifier is not None:
            material = password.material(verifier.scheme)
            pepper = self._pepper.keys.get(verifier.pepper_version)
            if material is not None and pepper is not None:
                hashed, secret = verifier.argon2.encode(), keyed(material, pepper)
        return await self._threads.run(partial(_verify, hashed, secret))

    def outdated(self, verifier: Verifier, scheme: Scheme) -> bool:
        """Whether scheme, pepper or cost are not today's; a newer pepper is tomorrow's, which a
        server that was restarted earlier has in use."""
        cost = f"$m={self._cost.memory_kib},t={self._cost.passes},p=1$"
        return (
            verifier.scheme is not scheme
            or verifier.pepper_version < self._pepper.current
            or cost not in verifier.argon2
        )

    def close(self) -> None:
        """Drop the hashes that wait and let the threads end."""
        self._threads.close()

    def _hash(self, secret: bytes) -> bytes:
        return argon2id.str(secret, self._cost.passes, self._cost.memory_kib * KIB)


def _verify(hashed: bytes, secret: bytes) -> bool:
    try:
        return argon2id.verify(hashed, secret)
    except InvalidkeyError:
        return False
