"""Who may see what only operators may."""

from dataclasses import dataclass

from starlette.requests import Request

from hufu.wire.clients import Network, Proxies, client_address
from hufu.wire.headers import Headers


@dataclass(frozen=True, slots=True)
class Operators:
    """The operators' networks, behind the proxies that may stand before them."""

    networks: tuple[Network, ...]
    proxies: Proxies

    def sent(self, request: Request) -> bool:
        """Whether the request comes from one of them."""
        peer = request.client.host if request.client else None
        forwarded = Headers(request.headers.raw).joined(b"x-forwarded-for", b",")
        address = client_address(peer, forwarded, self.proxies)
        return address is not None and any(address in network for network in self.networks)
