"""`hufu apps`: the secrets of the apps' own backends."""

import json

import pytest

from cli.members import join, recorded, tell

EVENT = {"item": "join_group", "target_id": "g"}


async def make(hufu, app: str = "fomo") -> str:
    """A new secret, as a pipe gets it."""
    result = await hufu("apps", "secret", app)
    assert result.exit_code == 0, result.output
    secret, rest = result.stdout.split("\n")
    assert (secret.startswith("hufu_"), rest) == (True, "")
    assert secret not in result.stderr
    return secret


async def opened(world, *secrets: str) -> list[bool]:
    """Which of the secrets the server lets in."""
    member = await join(world)
    told = [await tell(world, each, f"{each}-1", user_id=member.id, **EVENT) for each in secrets]
    assert {answer.status for answer in told} <= {201, 401, 409}
    return [answer.status != 401 for answer in told]


async def test_a_secret_opens_the_app(world, hufu) -> None:
    secret = await make(hufu)
    assert await opened(world, secret, f"{secret}x") == [True, False]
    assert await recorded(world, "app_secret_added") == [("fomo", {})]


async def test_a_note_says_what_to_do_with_it(world, hufu) -> None:
    result = await hufu("apps", "secret", "fomo")
    assert "cannot be shown again" in result.stderr
    assert "the newest two" in result.stderr
    assert "hufu apps retire fomo" in result.stderr


async def test_the_newest_two_are_good(world, hufu) -> None:
    secrets = [await make(hufu) for _ in range(3)]
    others = await make(hufu, "company")
    assert await opened(world, *secrets) == [False, True, True]
    rows = await world.sql("SELECT app, count(*)::int AS kept FROM app_secrets GROUP BY app")
    assert dict(rows) == {"fomo": 2, "company": 1}
    assert others not in secrets


async def test_the_older_is_retired(world, hufu) -> None:
    old, new = [await make(hufu) for _ in range(2)]
    result = await hufu("apps", "retire", "fomo")
    assert (result.exit_code, result.stdout) == (0, "1 secret of fomo is retired.\n")
    assert await opened(world, old, new) == [False, True]
    assert await recorded(world, "app_secrets_retired") == [("fomo", {"retired": 1})]


async def test_all_are_retired(world, hufu) -> None:
    secrets = [await make(hufu) for _ in range(2)]
    others = await make(hufu, "company")
    result = await hufu("apps", "retire", "fomo", "--all")
    assert (result.exit_code, result.stdout) == (0, "2 secrets of fomo are retired.\n")
    assert await opened(world, *secrets) == [False, False]
    assert (await tell(world, others, "k", user_id=1, **EVENT)).status == 404
    result = await hufu("apps", "retire", "fomo", "--all")
    assert (result.exit_code, result.stdout) == (0, "There was nothing to retire.\n")


async def test_secrets_are_listed_by_their_times(world, hufu) -> None:
    for arguments, said in (([], "fomo has no secrets.\n"), (["--json"], "[]\n")):
        result = await hufu("apps", "secrets", "fomo", *arguments)
        assert (result.exit_code, result.stdout) == (0, said)
    made = [await make(hufu) for _ in range(2)]
    await make(hufu, "company")
    result = await hufu("apps", "secrets", "fomo", "--json")
    rows = await world.sql(
        "SELECT created_at FROM app_secrets WHERE app = 'fomo' ORDER BY created_at DESC"
    )
    times = [row["created_at"].isoformat(timespec="seconds") for row in rows]
    assert json.loads(result.stdout) == [{"created": each} for each in times]
    shown = (await hufu("apps", "secrets", "fomo")).stdout
    assert shown.split() == ["created", *times]
    assert not any(secret in shown + result.stdout for secret in made)


@pytest.mark.parametrize("command", ["secret", "secrets", "retire"])
async def test_an_unknown_app_is_told(world, hufu, command: str) -> None:
    result = await hufu("apps", command, "nowhere")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Invalid value for NAME: must be one of fomo, company, rental, creator" in result.stderr
    assert await world.sql("SELECT FROM app_secrets") == []
