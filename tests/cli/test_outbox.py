"""`hufu outbox`: everything in development, next to nothing in production."""

import json
import re
from urllib.parse import urlencode

import pytest

from actors import Fomo
from front_door import World
from hufu.actions.outbox import SEALED_AS
from hufu.services.keys import Keyring

PHONE = "13390633695"
MAIL = "Somebody@126.com"
CODES = {PHONE: "417283", MAIL: "905162"}


async def send(world: World, to: str, app: str = "fomo") -> None:
    """Put a letter into the outbox."""
    deps = world.deps("fomo")
    content = {"code": CODES[to], "subject": "", "text": f"【Fomo】{CODES[to]} 是验证码"}
    async with deps.begin() as work:
        await work.outbox.add(
            app,
            "email" if "@" in to else "sms",
            to if "@" in to else f"+86{to}",
            "register",
            deps.secrets.letters.seal(json.dumps(content), SEALED_AS),
            deps.now(),
            None,
        )
        await work.commit()


@pytest.fixture
async def sent(world: World) -> World:
    """A running server that has sent a text message and then an e-mail."""
    await send(world, PHONE)
    await send(world, MAIL)
    return world


ADDRESSES = (MAIL, MAIL.lower(), MAIL.upper(), "sOMEBODY@126.com", "Ｓomebody@126.com")
NUMBERS = (PHONE, "+86 133 9063 3695", "１３３９０６３３６９５")


@pytest.mark.parametrize("query", ["", *NUMBERS, *ADDRESSES])
async def test_it_prints_what_the_page_of_the_running_server_shows(sent, hufu, query: str) -> None:
    result = await hufu("outbox", "--json", *(["--to", query] if query else []))
    assert result.exit_code == 0, result.output
    page = (await sent.get(f"/_dev/outbox?{urlencode({'to': query})}")).json()
    assert json.loads(result.stdout) == page
    recipients = [MAIL, f"+86{PHONE}"]
    asked = {"": recipients, **dict.fromkeys(ADDRESSES, recipients[:1])}
    assert [letter["to"] for letter in page] == asked.get(query, recipients[1:])


async def test_who_registered_an_address_finds_the_code_in_any_case(world: World) -> None:
    await Fomo().call(world, "register", user_name="User@126.com", pwd="correct horse 1")
    for query in ("User@126.com", "user@126.com"):
        [letter] = (await world.get(f"/_dev/outbox?{urlencode({'to': query})}")).json()
        assert (letter["to"], letter["code"]) == ("User@126.com", await world.code(query))


async def test_people_see_the_newest_first(sent, hufu) -> None:
    result = await hufu("outbox")
    header, newest, oldest = result.stdout.splitlines()
    assert header.split() == ["at", "to", "app", "purpose", "code", "text"]
    assert (MAIL in newest, CODES[MAIL] in newest) == (True, True)
    assert (f"+86{PHONE}" in oldest, CODES[PHONE] in oldest) == (True, True)


async def test_nothing_sent_is_told(sent, hufu) -> None:
    for arguments, said in ((["--json"], "[]"), ([], "Nothing was sent.")):
        result = await hufu("outbox", "--to", "13800138000", *arguments)
        assert (result.exit_code, result.stdout.strip()) == (0, said)


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--to", PHONE], ["--to", MAIL, "--json"]])
async def test_production_tells_neither_whom_nor_what(
    world_with, hufu, production, arguments
) -> None:
    async with world_with({}, production) as world:
        await send(world, PHONE)
        await send(world, MAIL)
        result = await hufu("outbox", "--config", production, *arguments)
    assert result.exit_code == 0, result.output
    for secret in (PHONE, MAIL, *CODES.values(), "验证码"):
        assert secret not in result.output
    masks = {PHONE: "133****3695", MAIL: "S***@126.com"}
    asked = [to for to in masks if to in arguments] or list(masks)
    assert [to for to in masks if masks[to] in result.stdout] == asked
    if "--json" in arguments:
        assert all({"code", "text"}.isdisjoint(each) for each in json.loads(result.stdout))


async def test_production_tells_whether_it_was_sent(world_with, hufu, production) -> None:
    async with world_with({}, production) as world:
        for came in ("sent_at = now()", "failed_at = now(), attempts = 6", "attempts = 2"):
            await send(world, PHONE, "elsewhere")  # No server of this test takes it.
            newest = "id = (SELECT max(id) FROM outbox)"
            await world.sql(f"UPDATE outbox SET {came} WHERE {newest}")
        await send(world, PHONE)  # Of an app that has no provider.
        shown = json.loads((await hufu("outbox", "--config", production, "--json")).stdout)
        table = (await hufu("outbox", "--config", production)).stdout.splitlines()
    assert shown[0]["state"] == "kept"
    found = [(each["state"], each["attempts"]) for each in shown[1:]]
    assert found == [("waiting", 2), ("given up", 6), ("sent", 0)]
    assert table[0].split() == ["at", "to", "app", "purpose", "state", "attempts"]
    assert [line.split()[-1] for line in table[2:]] == ["2", "6", "0"]


async def test_another_pepper_is_told(world_with, hufu, production) -> None:
    async with world_with({}, production) as world:
        await send(world, PHONE)
    pepper = {"HUFU_PEPPER": Keyring.fresh()}
    result = await hufu("outbox", "--config", production, env=pepper)
    assert result.exit_code == 1
    assert result.stderr == "Error: pepper: the outbox was sealed with another key\n"


async def test_a_terminal_does_not_obey_a_letter(world, hufu) -> None:
    deps = world.deps("fomo")
    content = {"code": "1", "subject": "", "text": "\x1b]0;mine\x07\x9b2J\u202e"}
    async with deps.begin() as work:
        sealed = deps.secrets.letters.seal(json.dumps(content), SEALED_AS)
        await work.outbox.add("fomo", "sms", "+8613390633695", "register", sealed, deps.now(), None)
        await work.commit()
    for arguments in ([], ["--json"]):
        result = await hufu("outbox", *arguments)
        assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", result.stdout) is None
    assert json.loads(result.stdout)[0]["text"] == content["text"]
