"""What each field of every row is there for, so that a matrix can fill all rows of all dialects.

A row that uses these names joins by itself. A new name has to be put into one of the two lists,
which `test_every_field_is_listed` says.
"""

from collections.abc import Mapping
from enum import StrEnum, auto
from types import MappingProxyType

from dialects.rows import Row


class Slot(StrEnum):
    """What a client puts into a field."""

    NAMED = auto()  # the identifier of an account
    PASSWORD = auto()
    CODE = auto()
    CODE_ID = auto()
    REGISTRATION = auto()
    ALIAS = auto()
    SESSION = auto()
    ACCOUNT = auto()
    GRANT = auto()
    CAPTCHA = auto()
    CAPTCHA_TEXT = auto()
    INVITATION = auto()
    WORD = auto()
    VISITOR = auto()  # a cookie only
    APP_SECRET = auto()  # no field at all


LOCKS = frozenset(
    {
        Slot.PASSWORD,
        Slot.CODE,
        Slot.CODE_ID,
        Slot.REGISTRATION,
        Slot.ALIAS,
        Slot.SESSION,
        Slot.GRANT,
        Slot.CAPTCHA,
        Slot.CAPTCHA_TEXT,
        Slot.INVITATION,
    }
)
"""What only the right secret opens; a password is one only where it is compared."""

HELD: Mapping[str, Slot] = MappingProxyType(
    {
        "login_name": Slot.NAMED,
        "user/login account": Slot.NAMED,
        "user/forgetPassword/<phone> account": Slot.NAMED,
        "pwd": Slot.PASSWORD,
        "wallet_pwd": Slot.PASSWORD,
        "password": Slot.PASSWORD,
        "password2": Slot.PASSWORD,
        "new_password": Slot.PASSWORD,
        "verify_code": Slot.CODE,
        "yzm": Slot.CODE,
        "phonecode": Slot.CODE,
        "identifying": Slot.CODE,
        "identifying_code": Slot.CODE,
        "verify_id": Slot.CODE_ID,
        "verfify_id": Slot.CODE_ID,
        "tmp_user_id": Slot.REGISTRATION,
        "customer/rec_pwd2 user_id": Slot.ALIAS,
        "session_key": Slot.SESSION,
        "sec": Slot.SESSION,
        "uid": Slot.ACCOUNT,
        "user/logout user_id": Slot.ACCOUNT,
        "tmp_session": Slot.GRANT,
        "image_code_id": Slot.CAPTCHA,
        "image_code_text": Slot.CAPTCHA_TEXT,
        "parent_code": Slot.INVITATION,
        "word": Slot.WORD,
    }
)
"""Fields that are filled with what somebody holds; by name, or by path and name."""

PLAIN = frozenset(
    (
        *("user_name", "email", "phone", "mobile", "<phone>", "phone_number", "user/sms sec"),
        *("base64_string", "name", "sex", "zip", "province", "city", "address", "country"),
        *("fomo_id", "page", "page_size", "utime", "xid", "company_logo", "company_name"),
        *("company_address", "identity_card", "qq_number", "recommend_user_id", "codeid"),
        *("pcodeid", "avatar", "real_name", "id_card", "user/register account", "role"),
    )
)
"""Fields that anybody can fill; their values are those of `dialects.fields`."""


def slot_of(row: Row, name: str) -> Slot | None:
    """What the row's field is filled with; None for plain fields."""
    both = f"{row.endpoint.path} {name}"
    if both in PLAIN:
        return None
    return HELD.get(both, HELD.get(name))


def takes(row: Row, slot: Slot) -> bool:
    """Whether the row has such a field."""
    return any(slot_of(row, field.name) is slot for field in row.fields())


def unlisted(row: Row) -> set[str]:
    """The row's fields that nobody has said anything about."""
    names = {field.name for field in row.fields()} | ({row.parameter} - {None})
    return {
        name for name in names if not {name, f"{row.endpoint.path} {name}"} & (PLAIN | HELD.keys())
    }
