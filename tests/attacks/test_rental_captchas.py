"""Captchas of `rental`: how many messages one pays for, and who may touch another's."""

from collections import Counter
from collections.abc import Mapping

import pytest

from actors import Rental
from attacks.attack import World, attack
from attacks.attempts import unanimous
from front_door import Answer, all_at_once
from hufu.storage.captchas import Captchas, DrawnCaptcha

AT_ONCE = 50
MOBILE = "13390633695"
OWN, OTHERS = "c3ab1f7e-own", "7"
NOBODY = "0a" * 20
HOME, ELSEWHERE = Rental(peer="203.0.113.9"), Rental(peer="198.51.100.7")


async def draw(
    world: World, codeid: str, previous: str = "", at: Rental = HOME, visitor: str | None = None
) -> Answer:
    cookies = {"visitor_id": visitor} if visitor else None
    return await at.get(world, f"/api/imagecode?codeid={codeid}&pcodeid={previous}", cookies)


async def pay(
    world: World,
    text: str,
    mobile: str = MOBILE,
    at: Rental = HOME,
    cookies: Mapping[str, str] | None = None,
) -> int:
    """What asking for a message answers that is paid for with the victim's captcha."""
    sent = {"mobile": mobile, "image_code_id": OTHERS, "image_code_text": text}
    return int((await at.json(world, "/api/smscode", sent, cookies=cookies)).json()["errno"])


def captchas_are_looked_at_only(patch: pytest.MonkeyPatch) -> None:
    async def find(self: Captchas, app: str, id: str, _: object) -> DrawnCaptcha | None:
        return await self.find(app, id)

    patch.setattr(Captchas, "claim", find)


@attack(15, without=captchas_are_looked_at_only)
async def test_one_captcha_pays_for_many_messages(world: World) -> bool:
    """Fifty requests at once, for as many mobiles, with one captcha."""
    visitor = (await draw(world, OTHERS)).cookies()
    text = await world.captcha(OTHERS)
    told = Counter(
        await all_at_once(
            pay(world, text, f"138{number:08d}", Rental(peer=f"203.0.113.{number}"), visitor)
            for number in range(AT_ONCE)
        )
    )
    assert told in ({0: 1, 4002: AT_ONCE - 1}, {0: AT_ONCE})
    return unanimous([told[0] > 1, len(await world.letters()) > 1])


async def intact(world: World, text: str, visitor: Mapping[str, str]) -> bool:
    """Whether the victim's captcha still pays for a message."""
    return await pay(world, text, cookies=visitor) == 0


def captchas_give_way(patch: pytest.MonkeyPatch) -> None:
    """The newest picture counts, whoever asked for it."""
    claim = Captchas.claim_id

    async def replace(self: Captchas, app: str, captcha: DrawnCaptcha, now: object) -> bool:
        await self._connection.execute("DELETE FROM captchas WHERE id = $1", captcha.id)
        return await claim(self, app, captcha, now)

    patch.setattr(Captchas, "claim_id", replace)


@attack(15, without=captchas_give_way)
async def test_a_stranger_overwrites_a_captcha(world: World) -> bool:
    """Whoever knows or guesses a `codeid` has a new picture drawn under it: the victim's answer is
    wrong now, and the stranger's is right."""
    visitor = (await draw(world, OTHERS)).cookies()
    text = await world.captcha(OTHERS)
    for stranger in (None, NOBODY, (await draw(world, OWN, at=ELSEWHERE)).cookies()["visitor_id"]):
        answer = await draw(world, OTHERS, at=ELSEWHERE, visitor=stranger)
        assert (answer.status == 200) is (answer.header("content-type") == "image/jpeg")
        if answer.status == 200:
            break
    return not await intact(world, text, visitor)


def captchas_are_deleted_by_anybody(patch: pytest.MonkeyPatch) -> None:
    async def delete(self: Captchas, _: str, id: str, __: bytes) -> None:
        await self._connection.execute("DELETE FROM captchas WHERE id = $1", id)

    patch.setattr(Captchas, "delete", delete)


@attack(15, without=captchas_are_deleted_by_anybody)
async def test_a_stranger_deletes_a_captcha(world: World) -> bool:
    """The victim's `codeid` is sent as the picture that is no longer needed."""
    visitor = (await draw(world, OTHERS)).cookies()
    text = await world.captcha(OTHERS)
    own = (await draw(world, OWN, at=ELSEWHERE)).cookies()["visitor_id"]
    for number, stranger in enumerate((None, NOBODY, own)):
        await draw(world, f"{OWN}-{number}", OTHERS, ELSEWHERE, stranger)
    return not await intact(world, text, visitor)
