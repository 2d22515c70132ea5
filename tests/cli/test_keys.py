"""`hufu keys`: changing keys without a stop, and without losing anything unseen."""

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from actors import Company, Fomo, Rental
from attacks.holders import PHONE as BY_PHONE
from attacks.holders import holder
from cli.conftest import run
from dialects.fields import card
from hufu.cli import key_file
from hufu.cli.key_file import FileUnchanged, replace_value
from hufu.configuration import load
from hufu.services.keys import Keyring

PHONE, PASSWORD = "13390633695", "correct horse 1"
ENTRY = r"[1-9]\d*:[A-Za-z0-9+/]{43}="
KEYS = ("pepper", "identity_key")


def ring(file: Path, name: str) -> Keyring:
    return Keyring.parse(getattr(load(file, {}).settings, name))


def secrets(file: Path) -> list[str]:
    """Every key in the file."""
    return [entry.partition(":")[2] for entry in re.findall(ENTRY, file.read_text())]


@pytest.fixture
def keys(hufu, production: Path):
    """Runs `hufu keys`, and sees that no key is printed."""

    async def invoke(*arguments: object, status: int = 0, **more: Any) -> str:
        known = secrets(production)
        result = await hufu("keys", *arguments, "--config", production, **more)
        assert result.exit_code == status, result.output
        assert not any(key in result.output for key in (*known, *secrets(production)))
        return result.stderr if status else result.stdout

    return invoke


async def listed(keys, name: str) -> dict[int, tuple[str, dict[str, int]]]:
    found = json.loads(await keys("list", "--json"))
    return {each["version"]: (each["state"], each["rows"]) for each in found if each["key"] == name}


@pytest.mark.parametrize("name", KEYS)
async def test_a_key_is_added_then_used(world, keys, production, name) -> None:
    production.chmod(0o600)
    before = production.read_text()
    assert "hufu keys activate" in await keys("add", name)
    assert (ring(production, name).current, ring(production, name).coming) == (1, 2)
    assert (await listed(keys, name))[2] == ("next", {})
    assert "version 2 waits" in await keys("add", name, status=1)
    assert "hufu keys list" in await keys("activate", name)
    assert (ring(production, name).current, ring(production, name).past) == (2, [1])
    assert "no version waits" in await keys("activate", name, status=1)
    assert "in use" in await keys("retire", name, 2, status=1)
    assert "Backups" in await keys("retire", name, 1)
    assert ring(production, name).keys.keys() == {2}
    assert "has no version 1" in await keys("retire", name, 1, status=2)
    after = production.read_text()
    assert production.stat().st_mode & 0o777 == 0o600
    changed = [
        (old, new) for old, new in zip(before.split("\n"), after.split("\n"), strict=True)
        if old != new
    ]  # fmt: skip
    assert [new.partition(" = ")[0] for _, new in changed] == [name]
    old, new = changed[0]
    assert new.partition('"  ')[2] == old.partition('"  ')[2]  # The setting's meaning.


async def test_a_key_that_waits_can_be_taken_out(world, keys, production) -> None:
    await keys("add", "pepper")
    await keys("retire", "pepper", 2)
    assert ring(production, "pepper").keys.keys() == {1}


async def test_what_needs_a_pepper_is_counted_and_given_up_by_consent(
    world_with, keys, production
) -> None:
    async with world_with({}, production) as world:
        await Fomo().register(world, PHONE, PASSWORD)
        await Fomo().register(world, "13390633696", PASSWORD)
        await Fomo().call(world, "register", user_name="13390633697", pwd=PASSWORD)
        assert (await Rental().ask_code(world, "13390633698"))["errno"] == 0
        await Rental().get(world, "/api/imagecode?pcodeid=&codeid=another")
    needed = {"passwords": 2, "registrations": 1, "codes": 2, "messages": 4, "captchas": 1}
    assert await listed(keys, "pepper") == {1: ("in use", needed)}
    await keys("add", "pepper")
    await keys("activate", "pepper")
    async with world_with({}, production) as world:
        assert await Fomo().sign_in(world, PHONE, PASSWORD)
        await Company().ask_code(world, "13390633699")
    needed["passwords"] = 1
    moved = {"passwords": 1, "codes": 1, "messages": 1}
    assert await listed(keys, "pepper") == {1: ("past", needed), 2: ("in use", moved)}
    told = await keys("retire", "pepper", 1, status=1)
    assert "4 messages, 1 password, 1 registration" in told
    assert "--lose" in told
    assert "Abort" in await keys("retire", "pepper", 1, "--lose", status=1, input="n\n")
    assert ring(production, "pepper").keys.keys() == {1, 2}
    await keys("retire", "pepper", 1, "--lose", "--yes")
    assert (await listed(keys, "pepper"))[1] == ("missing", needed)
    async with world_with({}, production) as world:
        assert await Fomo().sign_in(world, PHONE, PASSWORD)
        assert await Fomo().sign_in(world, "13390633696", PASSWORD) is None
        assert await Fomo().change_password(world, "13390633696", PASSWORD)
        assert await Fomo().sign_in(world, "13390633696", PASSWORD)
    assert "1 captcha, 2 codes, 4 messages" in await keys("list")


async def test_numbers_are_sealed_anew_before_their_key_is_retired(
    world_with, keys, production
) -> None:
    async with world_with({}, production) as world:
        people = [await holder(world, number, (BY_PHONE,)) for number in range(3)]
        for who in people:
            sent = {"uid": who.account_id, "sec": who.sessions["company"], "utime": "1461137183"}
            await world.json("/company/user/regDetail", {**sent, "identity_card": card(who.number)})
    await keys("add", "identity_key")
    assert "Sealed 0" in await keys("reseal")
    await keys("activate", "identity_key")
    told = await keys("retire", "identity_key", 1, "--lose", "--yes", status=1)
    assert "needed by 3 identity numbers; `hufu keys reseal` moves them" in told
    assert "Sealed 3 identity numbers anew." in await keys("reseal")
    assert await listed(keys, "identity_key") == {
        1: ("past", {}),
        2: ("in use", {"identity numbers": 3}),
    }
    await keys("retire", "identity_key", 1)
    async with world_with({}, production) as world:
        who = people[2]
        sent = {"uid": who.account_id, "sec": who.sessions["company"], "utime": "1461137183"}
        answer = await world.form("/company/user/getUserInfo", sent)
        assert answer.json()["identity_card"] == card(2)


async def test_numbers_that_no_key_opens_are_told(world_with, keys, production) -> None:
    async with world_with({"identity_key": Keyring.fresh()}, production) as world:
        who = await holder(world, 1, (BY_PHONE,))
        sent = {"uid": who.account_id, "sec": who.sessions["company"], "utime": "1461137183"}
        await world.json("/company/user/regDetail", {**sent, "identity_card": card(1)})
    await keys("add", "identity_key")
    await keys("activate", "identity_key")
    assert "1 are under keys that are not in the settings" in await keys("reseal", status=1)


async def test_from_the_environment_the_operator_puts_it_in(world, hufu, production) -> None:
    before, old = production.read_text(), Keyring.fresh()
    environment = {"HUFU_PEPPER": old}
    result = await hufu("keys", "add", "pepper", "--config", production, env=environment)
    assert result.exit_code == 0
    found = re.search(rf"({ENTRY}):next", result.stdout)
    assert found
    assert Keyring.parse(f"{old} {found[0]}").coming == 2
    environment["HUFU_PEPPER"] = f"{old} {found[0]}"
    for command, told in (
        (("activate", "pepper"), "Take :next off the end of version 2."),
        (("retire", "pepper", 2), "Take version 2 out."),
    ):
        result = await hufu("keys", *command, "--config", production, env=environment)
        assert (result.exit_code, told in result.stdout) == (0, True), result.output
        assert old[2:] not in result.output
        assert found[1][2:] not in result.output
    assert production.read_text() == before


async def test_a_development_servers_keys_are_in_its_folder(world, hufu, tmp_path) -> None:
    assert (await hufu("keys", "add", "pepper")).exit_code == 0
    assert Keyring.parse(load(None, {}, {"data_dir": str(tmp_path)}).settings.pepper).coming == 2


async def test_without_keys_none_is_added(tmp_path: Path) -> None:
    result = await run("keys", "add", "pepper", "--data", tmp_path / "nothing")
    assert (result.exit_code, "there are no keys in" in result.stderr) == (1, True)
    assert not (tmp_path / "nothing").exists()


# The file


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('key = "a"\nother = "a"\n', "cannot be found"),
        ('key = "\\u0061"\n', "cannot be found"),
        ('key = "b"\n', "cannot be found"),
        ('key = "a"\n[table]\nkey = "x"  # a\n', "cannot be found"),
    ],
    ids=["twice", "written otherwise", "changed meanwhile", "in a comment, too"],
)
def test_what_is_not_plain_is_left_alone(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "hufu.toml"
    file.write_text(text)
    with pytest.raises(FileUnchanged, match=complaint):
        replace_value(file, "key", "a", "c")
    assert file.read_text() == text
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_and_so_does_the_files_mode(tmp_path: Path) -> None:
    file, link = tmp_path / "real.toml", tmp_path / "hufu.toml"
    file.write_text("# mine\r\nkey = '''old'''  # of yore times\r\n")
    file.chmod(0o640)
    link.symlink_to(file)
    replace_value(link, "key", "old", "new\nlines")
    assert link.is_symlink()
    assert file.read_bytes() == b"# mine\r\nkey = '''new\nlines'''  # of yore times\r\n"
    assert file.stat().st_mode & 0o777 == 0o640


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileUnchanged, match="No such file"):
        replace_value(tmp_path / "hufu.toml", "key", "a", "b")


def test_a_crash_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hufu.toml"
    file.write_text('key = "old"\n')

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(key_file.os, "fsync", full)
    with pytest.raises(FileUnchanged, match="No space left"):
        replace_value(file, "key", "old", "new")
    assert (file.read_text(), list(tmp_path.iterdir())) == ('key = "old"\n', [file])


def test_of_two_at_once_one_changes_it(tmp_path: Path) -> None:
    file, told = tmp_path / "hufu.toml", []
    file.write_text('key = "old"\n')

    def change(new: str) -> None:
        try:
            replace_value(file, "key", "old", new)
        except FileUnchanged:
            return
        told.append(f'key = "{new}"\n')

    threads = [threading.Thread(target=change, args=(f"new {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [file.read_text()]
