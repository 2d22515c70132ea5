"""Being many clients: addresses that a client makes up, and addresses that it really has."""

from collections.abc import Iterable
from ipaddress import IPv4Network, ip_address

import pytest

from actors import Creator
from attacks.attack import answering, attack, production
from front_door import Answer, World
from hufu.wire.clients import Address, Proxies

PASSWORD, WRONG = "correct horse 1", "battery staple 2"
OWNER, HOME = "owner", "192.0.2.1"
STRANGER, PROXY, OUTER_PROXY = "203.0.113.7", "10.0.0.1", "2001:db8:ff::1"
LIMIT = 5
FEW = {"limits.password_guesses_per_network_hour": LIMIT}

Way = tuple[str, list[str]]
"""How a request arrives: from which peer, and with which X-Forwarded-For headers."""

MADE_UP = (
    "198.51.100.1",
    "127.0.0.1",
    "::1",
    "10.0.0.9",
    "2001:db8:1:2::1",
    "::ffff:198.51.100.2",
    "unknown",
    "",
    "198.51.100.3:4711",
)
UNREADABLE = (
    "unknown",
    "",
    " ",
    "_hidden",
    "198.51.100.256",
    "198.51.100.01",
    "198.51.100.1:99999999",
    "[2001:db8::1",
    "fe80::1%eth0",
    '"198.51.100.1"',
    "for=198.51.100.1",
    "198.51.100.1 198.51.100.2",
    "\xff\xfe",
    "1" * 5000,
)


def behind_proxies() -> str:
    """A production server behind two networks of proxies."""
    return production(trusted_proxies='["10.0.0.0/8", "2001:db8:ff::/48"]')


async def sign_in(world: World, name: str, password: str, way: Way) -> Answer:
    peer, forwarded = way
    headers = [("x-forwarded-for", each) for each in forwarded]
    sent = {"account": name, "password": password}
    return await world.form("/creator/user/login", sent, peer=peer, headers=headers)


async def gets_in(world: World, ways: Iterable[Way]) -> bool:
    """Whether a client that comes in these ways gets in with the last password that it tries,
    after more wrong ones than one client may try."""
    *before, last = ways
    assert len(before) > LIMIT
    await Creator(peer=HOME).register(world, OWNER, PASSWORD)
    for number, way in enumerate(before):
        assert (await sign_in(world, f"nobody{number}", WRONG, way)).status >= 400
    return (await sign_in(world, OWNER, PASSWORD, last)).status == 200


def everybody_is_a_proxy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Proxies, "__contains__", answering(True))


@attack(32, without=everybody_is_a_proxy, settings=FEW, config=behind_proxies)
async def test_a_stranger_speaks_for_others(world: World) -> bool:
    """A client that is no proxy sends headers that only proxies send."""
    return await gets_in(world, [(STRANGER, [each]) for each in MADE_UP])


def read_from_the_left(patch: pytest.MonkeyPatch) -> None:
    def first(peer: str | None, forwarded: bytes, _: Proxies) -> Address | None:
        told = forwarded.decode("latin-1").split(",")[0] if forwarded else peer or ""
        try:
            return ip_address(told)
        except ValueError:
            return ip_address(peer) if peer else None

    patch.setattr("hufu.wire.clients.client_address", first)
    patch.setattr("hufu.pages.operators.client_address", first)


@attack(32, without=read_from_the_left, settings=FEW, config=behind_proxies)
async def test_a_client_begins_the_list_that_a_proxy_ends(world: World) -> bool:
    """In the same header."""
    made_up = [f"198.51.100.{n}" for n in range(LIMIT + 1)] + ["127.0.0.1"]
    return await gets_in(world, [(PROXY, [f"{each}, {STRANGER}"]) for each in made_up])


@attack(32, without=read_from_the_left, settings=FEW, config=behind_proxies)
async def test_a_client_sends_a_header_of_its_own_before_the_proxys(world: World) -> bool:
    """Some proxies add a line to what they were sent, and some go through another one."""
    made_up = [f"198.51.100.{n}, 10.9.9.9" for n in range(LIMIT + 1)] + ["127.0.0.1"]
    return await gets_in(world, [(PROXY, [each, STRANGER, OUTER_PROXY]) for each in made_up])


def unreadable_is_nobody(patch: pytest.MonkeyPatch) -> None:
    def read(peer: str | None, forwarded: bytes, _: Proxies) -> Address | None:
        told = (forwarded or (peer or "").encode()).decode("latin-1").split(",")
        try:
            addresses = [ip_address(each.strip()) for each in told]
        except ValueError:
            return None
        return addresses[0]

    patch.setattr("hufu.wire.clients.client_address", read)
    patch.setattr("hufu.wire.clients.network_of", lambda found: found and f"{found}/32")


@attack(32, without=unreadable_is_nobody, settings=FEW, config=behind_proxies)
async def test_what_cannot_be_read_is_somebody(world: World) -> bool:
    """Something behind the proxy sends entries that are no addresses; all of it is one client."""
    return await gets_in(world, [(PROXY, [each]) for each in UNREADABLE])


@attack(32, without=unreadable_is_nobody, settings=FEW, config=behind_proxies)
async def test_what_cannot_be_read_before_a_proxy_is_that_proxy(world: World) -> bool:
    """The walk along the list ends at the last hop that was an address."""
    return await gets_in(world, [(PROXY, [f"{each}, 10.0.0.2"]) for each in UNREADABLE])


def nobody_counts_for_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hufu.wire.clients.network_of", lambda found: found and f"{found}/32")


@attack(32, without=nobody_counts_for_nothing, settings=FEW, config=behind_proxies)
async def test_a_client_without_an_address(world: World) -> bool:
    """Where even the peer is unknown, such as behind a socket of Unix, all of them are one."""
    return await gets_in(world, [(each, []) for each in ("", "unix:", "nowhere") * LIMIT])


def loopback_counts_for_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "hufu.wire.clients.network_of",
        lambda found: None if found is None or found.is_loopback else f"{found}/32",
    )


@attack(32, without=loopback_counts_for_nothing, settings=FEW, config=behind_proxies)
async def test_loopback_is_a_client_in_production(world: World) -> bool:
    """As it must be where a proxy on the same machine says nothing of its clients."""
    return await gets_in(world, [("127.0.0.1", []) for _ in range(LIMIT + 2)])


def an_address_is_a_client(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hufu.wire.clients._V6_HOST_BITS", 0)


IN_ONE_HOUSE = [f"2001:db8:1:2:{n:x}:{n * 7919:x}::{n:x}" for n in range(1, LIMIT + 3)]


@attack(32, without=an_address_is_a_client, settings=FEW, config=behind_proxies)
async def test_addresses_of_one_network_are_one_client(world: World) -> bool:
    """A household or a rented server has 2⁶⁴ IPv6 addresses."""
    return await gets_in(world, [(each, []) for each in IN_ONE_HOUSE])


@attack(32, without=an_address_is_a_client, settings=FEW, config=behind_proxies)
async def test_also_behind_a_proxy(world: World) -> bool:
    return await gets_in(world, [(PROXY, [f"[{each}]:4711"]) for each in IN_ONE_HOUSE])


def spelling_matters(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hufu.wire.clients._unmapped", lambda address: address)


@attack(32, without=spelling_matters, settings=FEW, config=behind_proxies)
async def test_an_address_has_one_spelling(world: World) -> bool:
    """An IPv4 client of a socket that speaks IPv6 too does not count anew there."""
    spellings = [STRANGER] * LIMIT + [f"::ffff:{STRANGER}"] * 2
    return await gets_in(world, [(each, []) for each in spellings])


async def test_neighbours_are_other_clients(world_with, tmp_path) -> None:
    """So that the tests above show a defence, and not a server that refuses everybody."""
    file = tmp_path / "hufu.toml"
    file.write_text(behind_proxies())
    near = [str(address) for address in IPv4Network("203.0.113.8/29")]
    ways: list[Way] = [(each, []) for each in near]
    ways += [(PROXY, [f"127.0.0.1, 2001:db8:1:{n:x}::1"]) for n in range(len(near))]
    async with world_with(dict(FEW), file) as world:
        assert await gets_in(world, ways)


@attack(32, without=read_from_the_left, config=behind_proxies)
async def test_a_stranger_reads_what_is_for_operators(world: World) -> bool:
    """By calling itself the machine that the server runs on."""
    answers = [
        await world.get("/metrics", peer=peer, headers=[("x-forwarded-for", each)])
        for peer, each in (
            (STRANGER, "127.0.0.1"),
            (PROXY, f"127.0.0.1, {STRANGER}"),
            (PROXY, "127.0.0.1, unknown"),
            (PROXY, ""),
        )
    ]
    return any(answer.status == 200 for answer in answers)
