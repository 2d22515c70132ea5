"""How many hashes may wait, and for how long: it follows from what one costs."""

import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator

import pytest
from argon2.low_level import Type, hash_secret, hash_secret_raw

from hufu.domain.passwords import Password, Scheme, Verifier, keyed
from hufu.services.argon2 import Argon2Cost, Argon2Hasher
from hufu.services.keys import Keyring
from hufu.services.overload import Overloaded
from hufu.services.pressure import Patience

CHEAP = Argon2Cost(memory_kib=8, passes=1)
PEPPER = Keyring.parse(f"1:{b64encode(bytes(32)).decode()}")
PASSWORD = Password.typed("correct horse 1")


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Argon2Hasher]]:
    """Makes a hasher that finds a hash to take 20 ms."""
    made: list[Argon2Hasher] = []

    def build(**more: float) -> Argon2Hasher:
        with monkeypatch.context() as meanwhile:
            times = iter((5.0, 5.02))
            meanwhile.setattr(time, "thread_time", lambda: next(times))
            made.append(Argon2Hasher(PEPPER, CHEAP, **more))  # type: ignore[arg-type]
        return made[-1]

    yield build
    for hasher in made:
        hasher.close()


@pytest.mark.parametrize(
    ("given", "patience"),
    [
        ({"slots": 1, "deadline": 0.8}, (40, 0.8, 2)),
        ({"slots": 2, "deadline": 0.8}, (80, 0.8, 4)),
        ({"slots": 2, "deadline": 0.8, "queue": 3}, (3, 0.8, 3)),
        ({"slots": 2, "deadline": 0.8, "queue": 0}, (0, 0.8, 0)),
        ({"slots": 1, "deadline": 0.001}, (1, 0.001, 1)),
    ],
)
def test_what_waits_is_what_can_be_computed_in_time(
    make: Callable[..., Argon2Hasher],
    given: dict[str, float],
    patience: tuple[int, float, int],
) -> None:
    waits = make(**given)._threads._pressure._patience
    assert waits == Patience(*patience)


async def test_hashes_are_computed_and_compared(make: Callable[..., Argon2Hasher]) -> None:
    hasher = make(slots=1, deadline=30, queue=9)
    verifier = await hasher.make(PASSWORD, Scheme.PLAIN)
    assert await hasher.matches(PASSWORD, verifier)
    assert not await hasher.matches(Password.typed("battery staple 2"), verifier)
    assert not await hasher.matches(PASSWORD, None)
    assert (hasher.threads.waiting, hasher.threads.refused) == (0, 0)
    hasher.close()
    with pytest.raises(Overloaded), hasher.place():
        pytest.fail("there was a place")
    assert hasher.threads.refused == 1


async def test_it_is_the_argon2id_that_everybody_has(make: Callable[..., Argon2Hasher]) -> None:
    """A verifier of another library, of any number of lanes, and one that another one can read."""
    hasher = make(slots=1, deadline=30, queue=9)
    material = PASSWORD.material(Scheme.PLAIN)
    assert material is not None
    secret = keyed(material, PEPPER.keys[1])
    for lanes in (1, 4):
        foreign = hash_secret(secret, bytes(16), 1, 64, lanes, 32, Type.ID).decode()
        assert await hasher.matches(PASSWORD, Verifier(Scheme.PLAIN, 1, foreign))
        assert not await hasher.matches(
            Password.typed("battery staple 2"), Verifier(Scheme.PLAIN, 1, foreign)
        )
    own = (await hasher.make(PASSWORD, Scheme.PLAIN)).argon2
    kind, version, cost, salt, hashed = own.split("$")[1:]
    assert (kind, version, cost) == ("argon2id", "v=19", "m=8,t=1,p=1")
    again = hash_secret_raw(secret, b64decode(f"{salt}=="), 1, 8, 1, 32, Type.ID)
    assert b64encode(again).decode().rstrip("=") == hashed
    assert len(b64decode(f"{salt}==")) == 16


async def test_a_verifier_that_is_none_matches_nothing(make: Callable[..., Argon2Hasher]) -> None:
    hasher = make(slots=1, deadline=30, queue=9)
    for broken in ("", "$argon2id$v=19$m=8,t=1,p=1$", "x" * 97):
        assert not await hasher.matches(PASSWORD, Verifier(Scheme.PLAIN, 1, broken))
