"""The calls of this dialect, one row each."""

from hufu.actions.avatars import set_avatar
from hufu.actions.captchas import draw_captcha, send_code_for_captcha
from hufu.actions.identity_numbers import read_identity, set_identity
from hufu.actions.names import read_name, set_name, shown_name
from hufu.actions.profiles import read_profile, shown_profile
from hufu.actions.sessions import log_out
from hufu.actions.sign_in import log_in
from hufu.actions.sign_up import register_and_sign_in
from hufu.dialects.rental import messages as m
from hufu.dialects.rental.errors import IMAGE_REFUSALS
from hufu.domain.profiles import View
from hufu.wire.dialect import JPEG, Anyone, Endpoint, Member

ENDPOINTS: tuple[Endpoint[m.Options], ...] = (
    Anyone(
        "GET",
        "api/imagecode",
        m.ImageCode,
        draw_captcha,
        m.image_drawn,
        refusals=IMAGE_REFUSALS,
        from_query=True,
        content_type=JPEG,
    ),
    Anyone("POST", "api/smscode", m.SmsCode, send_code_for_captcha, m.code_sent),
    Anyone("POST", "api/register", m.Register, register_and_sign_in, m.signed_in),
    Anyone("POST", "api/login", m.Login, log_in, m.signed_in, hashes=True),
    Member(
        "GET",
        "api/check_login",
        m.CheckLogin,
        read_name,
        m.login_checked,
        view=View.NAME,
        at_once=shown_name,
    ),
    Member("GET", "api/logout", m.Logout, log_out, m.logged_out),
    Member(
        "GET",
        "api/profile",
        m.Profile,
        read_profile,
        m.profile_shown,
        proof=m.cookie_or_password,
        view=View.PROFILE,
        at_once=shown_profile,
    ),
    Member(
        "POST",
        m.AVATAR_PATH,
        m.ProfileAvatar,
        set_avatar,
        m.avatar_set,
        body_limit=m.AVATAR_LIMIT,
        proof=m.cookie_or_password,
    ),
    Member(
        "POST",
        "api/profile/name",
        m.ProfileName,
        set_name,
        m.name_set,
        proof=m.cookie_or_password,
    ),
    Member(
        "GET",
        "api/profile/auth",
        m.ProfileAuth,
        read_identity,
        m.identity_shown,
        proof=m.cookie_or_password,
    ),
    Member(
        "POST",
        "api/profile/auth",
        m.SetProfileAuth,
        set_identity,
        m.identity_set,
        proof=m.cookie_or_password,
    ),
)
