"""Which machine a request comes from, as far as that can be known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from hufu.domain.permissions import Client
from hufu.wire.headers import Headers

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
LONGEST_USER_AGENT = 256  # Bytes.
REMEMBERED = 4096
LONGEST_REMEMBERED = 256  # Bytes of X-Forwarded-For.

_V6_HOST_BITS = 64
# Some proxies add the port: 192.0.2.7:4711, [2001:db8::7]:4711.
_HOP = re.compile(
    r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?|([0-9.]+)(?::[0-9]{1,5})?|([0-9A-Fa-f:.]+)"
)


@dataclass(frozen=True, slots=True)
class Proxies:
    """The networks whose word about their clients is taken."""

    networks: tuple[Network, ...] = ()

    def __contains__(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


class Clients:
    """Tells where requests come from, as the proxies and the mode of the server have it.

    In development loopback is no network, for everybody there is the same machine.
    """

    def __init__(self, proxies: Proxies, *, loopback_counts: bool) -> None:
        self._proxies = proxies
        self._loopback_counts = loopback_counts
        # What an address says does not change; clients come again and again.
        self._told = lru_cache(maxsize=REMEMBERED)(self._tell)

    def client(self, peer: str | None, headers: Headers) -> Client:
        """Where a request with these headers comes from; `peer` is the address that sent it."""
        agent = (headers.first(b"user-agent") or b"")[:LONGEST_USER_AGENT]
        forwarded = headers.joined(b"x-forwarded-for", b",")
        short = len(forwarded) <= LONGEST_REMEMBERED
        return (self._told if short else self._tell)(peer, forwarded, agent)

    def _tell(self, peer: str | None, forwarded: bytes, user_agent: bytes) -> Client:
        address = client_address(peer, forwarded, self._proxies)
        counts = self._loopback_counts or not is_loopback(address)
        return Client(
            network_of(address) if counts else None,
            user_agent.decode("latin-1").replace("\0", ""),
        )


def peer_of(scope: Mapping[str, Any]) -> str | None:
    """The address that sent a request, as ASGI tells it."""
    peer = scope.get("client")
    return peer[0] if peer else None


def client_address(peer: str | None, forwarded_for: bytes, proxies: Proxies) -> Address | None:
    """The nearest machine that is not one of our proxies; None when even the peer is unknown.

    `forwarded_for` is the X-Forwarded-For header; several are one list, in order of arrival. Each
    proxy appends the peer that it saw, so it is read from its right end, and only while a proxy is
    speaking. An entry that is no address ends the walk at the last hop that was one.
    """
    client = _address(peer) if peer else None
    hops = forwarded_for.split(b",") if forwarded_for else []
    while hops and client is not None and client in proxies:
        hop = _hop(hops.pop())
        if hop is None:
            break
        client = hop
    return client


def network_of(address: Address | None) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 /64 (one household or server)."""
    if address is None:
        return UNKNOWN
    address = _unmapped(address)
    if isinstance(address, IPv4Address):
        return f"{address}/32"
    prefix = int(address) >> _V6_HOST_BITS << _V6_HOST_BITS
    return f"{IPv6Address(prefix)}/{_V6_HOST_BITS}"


def is_loopback(address: Address | None) -> bool:
    """Whether the client runs on this very machine."""
    return address is not None and _unmapped(address).is_loopback


def _address(text: str) -> Address | None:
    try:
        return _unmapped(ip_address(text))
    except ValueError:
        return None


def _hop(entry: bytes) -> Address | None:
    found = _HOP.fullmatch(entry.strip(b" \t").decode("latin-1"))
    return _address(next(filter(None, found.groups()))) if found else None


def _unmapped(address: Address) -> Address:
    """The same address, as IPv4 where it is one (::ffff:192.0.2.7), and without a zone."""
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))
