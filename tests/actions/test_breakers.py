"""A provider that fails is left alone, and only it; it is tried again by itself."""

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from actors import ACTORS, Actor, Company
from attacks.attack import production
from front_door import World, WorldWith
from hufu.domain.retention import Perishable
from services.vendor_stand_ins import served

PHONE, PASSWORD = "13390633695", "correct horse 1"
FAILURES = 3
LONG, BRIEF = 3600, 0.001  # Seconds


@dataclass
class Vendor:
    """A provider that takes letters, or does not."""

    working: bool = True
    asked: int = 0

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(status=200 if self.working else 503)


def provider(name: str, url: str, pause: float) -> dict[str, object]:
    settings = {
        "kind": "webhook",
        "url": url,
        "secret": "0123456789abcdef",
        "breaker_failures": FAILURES,
        "breaker_seconds": pause,
    }
    return {f"providers.{name}.{key}": value for key, value in settings.items()}


def phone_of(actor: Actor) -> str:
    return f"1390000000{ACTORS.index(actor)}"


def configured(folder: Path) -> Path:
    """A configuration in which messages may leave."""
    file = folder / "hufu.toml"
    file.write_text(production())
    return file


async def deliver(world: World) -> None:
    """Hand over what is due, and let the time pass until more is."""
    await world.core.courier.deliver_due(lambda _: None)
    world.advance(seconds=20)


async def unsent(world: World) -> int:
    rows = await world.sql(f"SELECT FROM {Perishable.OUTBOX} WHERE sent_at IS NULL")
    return len(rows)


async def test_it_opens_for_one_provider_and_nobody_else(
    world_with: WorldWith, tmp_path: Path
) -> None:
    company, failing, well = Company(), Vendor(working=False), Vendor()
    async with served(failing.answer) as dead, served(well.answer) as alive:
        settings = {
            **provider("dead", dead, LONG),
            **provider("alive", alive, LONG),
            "apps.company.sms_provider": "dead",
            "apps.creator.sms_provider": "alive",
        }
        async with world_with(settings, configured(tmp_path)) as world:
            for actor in ACTORS:
                await actor.register(world, phone_of(actor), PASSWORD)
            while failing.asked < FAILURES:
                await deliver(world)
            world.advance(minutes=2)
            assert await company.ask_code(world, "13800138000") == {"code": "4021"}
            for _ in range(5):
                await deliver(world)
            assert failing.asked == FAILURES
            answer = await ACTORS[3].get(world, "/user/registerPhone/13800138001")
            assert answer.status == 200
            await deliver(world)
            assert well.asked > 0
            for actor in ACTORS:
                assert await actor.sign_in(world, phone_of(actor), PASSWORD)


async def test_it_closes_by_itself(world_with: WorldWith, tmp_path: Path) -> None:
    company, vendor = Company(), Vendor(working=False)
    async with served(vendor.answer) as url:
        settings = {**provider("one", url, BRIEF), "apps.company.sms_provider": "one"}
        async with world_with(settings, configured(tmp_path)) as world:
            assert await company.ask_code(world, PHONE) == {"code": "200"}
            while vendor.asked < FAILURES:
                await deliver(world)
            vendor.working = True
            while await unsent(world):
                await deliver(world)
            assert vendor.asked > FAILURES
            assert await company.ask_code(world, "13800138000") == {"code": "200"}
            await deliver(world)
            assert await unsent(world) == 0
