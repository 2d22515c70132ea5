"""Names that pass for another person's, where names are unique, or for the operator's."""

import pytest

from attacks.attack import World, answering, attack
from attacks.attempts import unanimous
from attacks.holders import PHONE, holder
from attacks.naming import names_taken, tenant_is_called
from hufu.domain import names

TWINS = ("Tiger\u200b", "\u200dTiger", "Ti\u00adger", "TIGER", "Ｔｉｇｅｒ", "tiger", "Tiger\ufe0f",
         "\U0001d413iger", "T\u2170ger")  # fmt: skip


def names_are_compared_as_typed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hufu.actions.names.name_key", lambda name: name)


@attack(25, without=names_are_compared_as_typed)
async def test_a_name_is_drawn_like_somebody_elses(world: World) -> bool:
    """Where names are unique."""
    owner, other = [await holder(world, number, (PHONE,)) for number in (1, 2)]
    assert await tenant_is_called(world, owner, "Tiger")
    return unanimous([await tenant_is_called(world, other, twin) for twin in TWINS])


# Names that pose as the operator's

OFFICIAL = [
    "客服",
    "官方",
    "管理员",
    "管理員",
    "系统",
    "虎符",
    "官方客服",
    "在线客服",
    "客服01",
    "客 服",
    "客\u200b服",
    "客\u3000服",
    "客-服",
    "官⽅",
    "客户服务",
    "客戶服務",
    "admin",
    "Admin",
    "ADMIN",
    "a d m i n",
    "a.d.m.i.n",
    "[admin]",
    "★admin★",
    "_admin_",
    "ad\u200bmin",
    "ａｄｍｉｎ",
    "аdmin",
    "admіn",
    "αdmin",
    "ɑdmin",
    "ᴀdmin",
    "adm1n",
    "adrnin",
    "ädmin",
    "admín",
    "𝐀𝐝𝐦𝐢𝐧",
    "ⓐⓓⓜⓘⓝ",
    "Official",
    "0fficial",
    "Official Support",
    "r00t",
    "supp0rt",
    "sуstem",
]
RARE = ("Ꭺdmin", "ꓮdmin", "ꓮꓓꓟꓲꓠ", "ᗅdmin", "admiո", "ⲁdmin", "🅰🅳🅼🅸🅽")
"""Letters of scripts that few people write: Cherokee, Lisu, Canadian syllabics, Armenian, Coptic,
and letters in squares."""


def anybody_may_pose(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(names, "_poses_as_operator", answering(False))


@attack(25, without=anybody_may_pose)
async def test_a_name_poses_as_the_operator(world: World) -> bool:
    return unanimous(await names_taken(world, OFFICIAL))


@attack(25, without=anybody_may_pose)
async def test_a_name_poses_as_the_operator_in_rare_letters(world: World) -> bool:
    return any(await names_taken(world, RARE))
