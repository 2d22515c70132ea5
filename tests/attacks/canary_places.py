"""Where a secret may stand, and the eyes that look elsewhere."""

import asyncio
import dataclasses

from click.testing import CliRunner

from attacks.canaries import CODE_DIGITS, Kind, Watched
from front_door import CHEAP_HASH, World
from hufu.cli.main import main
from hufu.domain.limits import Limits
from hufu.settings import DIALECTS

PLENTY = 100_000
SETTINGS: dict[str, object] = {
    **{
        f"limits.{each.name}": PLENTY
        for each in dataclasses.fields(Limits)
        if each.name.startswith(
            ("sends_", "guesses_", "password_guesses_", "payment_password_guesses_", "probes_")
        )
    },
    **{
        f"apps.{name}.{setting}": value
        for name in DIALECTS
        for setting, value in (("code_digits", CODE_DIGITS), ("recovery_delay_hours", 0))
    },
}

CHEAP = {f"HUFU_{name.replace('.', '__').upper()}": str(n) for name, n in CHEAP_HASH.items()}

STORED = {
    *(
        (column, kind)
        for column in (
            "identifiers.key",
            "identifiers.shown",
            "codes.key",
            "codes.shown",
            "limits.subject",
            "outbox.recipient",
        )
        for kind in (Kind.PHONE, Kind.EMAIL)
    ),
    ("registrations.key", Kind.PHONE),
    ("registrations.shown", Kind.PHONE),
}
"""What stands in the database in clear: numbers and addresses, where they are looked up, counted or
written to."""

SHOWN = {
    *(
        (f"fomo POST customer/{call}", f"data.user_info.{field}", kind)
        for call in ("login", "get_user_info", "set_info", "bind_completed", "unbind_completed")
        for field, kind in (("phone", Kind.PHONE), ("email", Kind.EMAIL))
    ),
    ("fomo POST customer/login", "data.session_key", Kind.SESSION),
    ("fomo POST customer/rec_pwd2", "data.tmp_session", Kind.GRANT),
    *((f"company POST user/{call}", "sec", Kind.SESSION) for call in ("reg", "login", "regDetail")),
    ("company POST user/getUserInfo", "identity_card", Kind.IDENTITY_NUMBER),
    ("rental GET api/imagecode", "cookie visitor_id", Kind.VISITOR),
    ("rental POST api/register", "cookie session_id", Kind.SESSION),
    ("rental POST api/login", "cookie session_id", Kind.SESSION),
    ("rental GET api/profile", "data.mobile", Kind.PHONE),
    ("rental GET api/profile/auth", "data.id_card", Kind.IDENTITY_NUMBER),
    *(
        (f"creator POST user/{call}", "cookie session_id", Kind.SESSION)
        for call in ("login", "loginPhone/<phone>", "forgetPassword/<phone>")
    ),
}
"""What the protocols' documents put into answers."""


async def measured(world: Watched) -> set[Kind]:
    """What the metrics tell."""
    page = await world.get("/metrics")
    assert b"hufu_answers_total" in page.body
    return world.canaries.seen_in(page.body.decode())


async def hufu(world: World, *arguments: object, **environment: str) -> str:
    """All that a command prints, with the configuration of the server."""
    settings = world.core.configuration.settings
    given = {
        "HUFU_DATABASE_URL": world.url,
        "HUFU_DATA_DIR": str(settings.data_dir),
        "HUFU_CONFIG": str(settings.data_dir / "hufu.toml"),
        **CHEAP,
        **environment,
    }
    runner = CliRunner()
    result = await asyncio.to_thread(runner.invoke, main, list(map(str, arguments)), env=given)
    assert result.exit_code == 0, (arguments, result.output)
    return result.output
