"""Registering an account with a name or an address."""

from dialects.creator.steps import (
    ACCOUNT,
    CROSS_SITE,
    EMAIL,
    NEW_PASSWORD,
    PASSWORD,
    PHONE,
    STRICT,
    UNCOMMON_PASSWORD,
    case,
    register,
    registered,
)
from dialects.requests import Request, form, json, multipart
from dialects.sampling import Stage

REGISTER = "/creator/user/register"
FIELDS = {"account": ACCOUNT, "password": PASSWORD}


async def address_taken(stage: Stage) -> None:
    """Somebody proved in another app that the address is theirs."""
    path = "/fomo/customer/"
    sent = {"user_name": EMAIL, "pwd": UNCOMMON_PASSWORD}
    begun = (await stage.world.form(f"{path}register", sent)).json()
    code = await stage.code(EMAIL)
    sent = {"verify_code": code, **begun["data"]}
    done = (await stage.world.form(f"{path}complete_register", sent)).json()
    assert done["status"] == 1


@case("user/register", "ok")
async def _(_: Stage) -> Request:
    return register(name="小明", role="normal_user")


@case("user/register", "ok-without-name")
async def _(_: Stage) -> Request:
    return register()


@case("user/register", "ok-json")
async def _(_: Stage) -> Request:
    return json(REGISTER, FIELDS)


@case("user/register", "ok-multipart")
async def _(_: Stage) -> Request:
    return multipart(REGISTER, FIELDS)


@case("user/register", "ok-email")
async def _(_: Stage) -> Request:
    return register(EMAIL)


@case("user/register", "ok-email-of-another-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    await address_taken(stage)
    return register(EMAIL, UNCOMMON_PASSWORD)


@case("user/register", "ok-self-role", settings={"apps.creator.self_roles": "creator"})
async def _(_: Stage) -> Request:
    return register(role="creator")


def wished(role: str, name: str) -> None:
    @case("user/register", f"ok-wish-{name}")
    async def _(_: Stage) -> Request:
        return register(role=role)


wished("vip_user", "vip")
wished("creator", "creator")
wished("admin", "admin")


def refused(reason: str, **fields: str) -> None:
    @case("user/register", f"200-{reason}")
    async def _(_: Stage) -> Request:
        return form(REGISTER, FIELDS | fields)


refused("short-account", account="wo")
refused("long-account", account="wocao" * 13)
refused("account-is-a-phone", account=PHONE)
refused("account-is-a-number", account="12345678")
refused("short-password", password="12345")
refused("unknown-role", role="root")
refused("role-in-capitals", role="ADMIN")
refused("official-name", name="官方客服")


@case("user/register", "200-common-password-strict", settings=STRICT)
async def _(_: Stage) -> Request:
    return register()


@case("user/register", "200-taken")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return register(password=NEW_PASSWORD)


@case("user/register", "200-taken-in-capitals")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return register(ACCOUNT.upper())


@case("user/register", "200-taken-email")
async def _(stage: Stage) -> Request:
    await registered(stage, EMAIL)
    return register("ABC@126.com")


@case("user/register", "200-taken-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    await registered(stage, password=UNCOMMON_PASSWORD)
    return register(password="battery staple")


@case("user/register", "200-email-of-another")
async def _(stage: Stage) -> Request:
    await address_taken(stage)
    return register(EMAIL)


@case("user/register", "400-without-password")
async def _(_: Stage) -> Request:
    return form(REGISTER, {"account": ACCOUNT})


@case("user/register", "400-number-in-json")
async def _(_: Stage) -> Request:
    return json(REGISTER, FIELDS | {"account": 7})


@case("user/register", "400-list-of-roles")
async def _(_: Stage) -> Request:
    return json(REGISTER, FIELDS | {"role": ["admin"]})


@case("user/register", "403-cross-site")
async def _(_: Stage) -> Request:
    return form(REGISTER, FIELDS, (CROSS_SITE,))
