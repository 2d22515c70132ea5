"""Devices: what tells an account's owner from a stranger before any password is compared."""

from datetime import timedelta

from hufu.domain.permissions import Client

KNOWN_FOR = timedelta(days=90)
"""So long after its last sign-in a device is known."""

SEEN_EVERY = timedelta(days=1)
"""So often a sign-in from a known device is worth writing down."""


def marks_of(client: Client, device: str | None) -> tuple[str, ...]:
    """What a device shows of itself: the id that its client names, the network it is in."""
    named = (f"device {device}",) if device else ()
    return (*named, f"network {client.network}") if client.network else named
