"""Reservations: who wants something, and how many they are."""

from dataclasses import dataclass

from hufu.actions.deps import Deps
from hufu.domain.permissions import Caller


@dataclass(frozen=True, slots=True)
class CountReservations:
    """How many have reserved?"""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Reserve for me."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """So many accounts have reserved in the app."""

    count: int


async def count_reservations(deps: Deps, _: CountReservations) -> Reserved:
    """How many accounts have reserved in the app."""
    async with deps.look() as work:
        return Reserved(await work.reservations.count(deps.app.name))


async def reserve(deps: Deps, caller: Caller, _: Reserve) -> Reserved:
    """Reserve, once for ever; again changes nothing."""
    async with deps.begin() as work:
        await work.reservations.claim(caller.account_id, deps.app.name, deps.now())
        reserved = Reserved(await work.reservations.count(deps.app.name))
        await work.commit()
    return reserved
