from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.wire.clients import Address, Proxies, client_address, is_loopback, network_of

PROXIES = Proxies((ip_network("10.0.0.0/8"), ip_network("2001:db8:ff::/48")))

addresses = st.ip_addresses()


def client(peer: str | None, *forwarded_for: bytes) -> str:
    return str(client_address(peer, b",".join(forwarded_for), PROXIES))


class TestClientAddress:
    @pytest.mark.parametrize("peer", ["203.0.113.7", "2001:db8::7", "127.0.0.1"])
    def test_a_stranger_is_not_asked_whom_it_speaks_for(self, peer: str) -> None:
        assert client(peer, b"198.51.100.1") == peer

    @pytest.mark.parametrize(
        ("forwarded_for", "found"),
        [
            ((), "10.0.0.1"),
            ((b"198.51.100.1",), "198.51.100.1"),
            ((b"1.1.1.1, 198.51.100.1",), "198.51.100.1"),
            ((b"1.1.1.1", b"198.51.100.1"), "198.51.100.1"),
            ((b"1.1.1.1, 198.51.100.1 ,\t10.9.9.9",), "198.51.100.1"),
            ((b"198.51.100.1", b"10.9.9.9", b"2001:db8:ff::1"), "198.51.100.1"),
            ((b"10.3.3.3, 10.2.2.2",), "10.3.3.3"),
            ((b"2001:db8::7",), "2001:db8::7"),
            ((b"[2001:db8::7]",), "2001:db8::7"),
            ((b"[2001:db8::7]:4711",), "2001:db8::7"),
            ((b"198.51.100.1:4711",), "198.51.100.1"),
            ((b"::ffff:198.51.100.1",), "198.51.100.1"),
            ((b"198.51.100.1, ::ffff:10.0.0.2",), "198.51.100.1"),
        ],
    )
    def test_behind_a_proxy(self, forwarded_for: tuple[bytes, ...], found: str) -> None:
        assert client("10.0.0.1", *forwarded_for) == found

    @pytest.mark.parametrize(
        "entry",
        [
            b"",
            b" ",
            b"unknown",
            b"_hidden",
            b"198.51.100",
            b"198.51.100.256",
            b"198.51.100.01",
            b"198.51.100.1/24",
            b"198.51.100.1:port",
            b"198.51.100.1 198.51.100.2",
            b"[198.51.100.1",
            b"fe80::1%eth0",
            b'"198.51.100.1"',
            "١٩٨.51.100.1".encode(),
            b"\xff",
            b"198.51.100.1\0",
            b"1" * 10_000,
        ],
    )
    def test_what_is_no_address_ends_the_walk(self, entry: bytes) -> None:
        assert client("10.0.0.1", b"198.51.100.1", entry) == "10.0.0.1"
        assert client("10.0.0.1", b"198.51.100.1, " + entry + b", 10.2.2.2") == "10.2.2.2"

    @pytest.mark.parametrize("peer", [None, "", "unix:", "/run/hufu.sock", "localhost"])
    def test_a_peer_without_an_address_is_unknown(self, peer: str | None) -> None:
        assert client_address(peer, b"198.51.100.1", PROXIES) is None

    def test_a_proxy_that_arrives_as_mapped_address_is_known(self) -> None:
        assert client("::ffff:10.0.0.1", b"198.51.100.1") == "198.51.100.1"

    def test_a_zone_is_no_part_of_the_client(self) -> None:
        assert client("fe80::1%eth0") == "fe80::1"

    @given(addresses, st.lists(addresses.map(str)), st.binary())
    def test_nothing_left_of_the_client_matters(
        self, honest: Address, tail: list[str], forged: bytes
    ) -> None:
        if honest in PROXIES:
            return
        line = f"{honest}".encode()
        assert client("10.0.0.1", forged, line) == client("10.0.0.1", line)
        assert client("10.0.0.1", *(hop.encode() for hop in tail), line) == client("10.0.0.1", line)

    @given(st.text() | addresses.map(str), st.lists(st.binary() | st.just(b"10.1.1.1")))
    def test_anything_is_an_address_or_none(self, peer: str, lines: list[bytes]) -> None:
        found = client_address(peer, b",".join(lines), PROXIES)
        assert found is None or isinstance(found, IPv4Address | IPv6Address)
        assert network_of(found)

    @given(st.lists(st.binary()))
    def test_a_known_peer_always_leads_to_a_client(self, lines: list[bytes]) -> None:
        assert client_address("10.0.0.1", b",".join(lines), PROXIES) is not None


class TestNetworkOf:
    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("203.0.113.7", "203.0.113.7/32"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("::1", "::/64"),
        ],
    )
    def test_is_the_smallest_that_one_client_has(self, address: str, network: str) -> None:
        assert network_of(ip_address(address)) == network

    def test_an_unknown_client_is_one_network(self) -> None:
        assert network_of(None) == "unknown"

    @given(addresses)
    def test_holds_the_address(self, address: Address) -> None:
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        assert (mapped or address) in ip_network(network_of(address))

    @given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
    def test_rotation_inside_64_bits_changes_nothing(self, address: IPv6Address, low: int) -> None:
        if int(address) >> 64:
            other = IPv6Address((int(address) >> 64 << 64) + low)
            assert network_of(other) == network_of(address)


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::1%lo", True),
        ("10.0.0.1", False),
        ("::", False),
        ("0.0.0.0", False),
    ],
)
def test_loopback(address: str, local: bool) -> None:
    assert is_loopback(ip_address(address)) is local


def test_an_unknown_client_is_not_local() -> None:
    assert not is_loopback(None)
