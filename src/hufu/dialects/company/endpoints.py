"""The calls of this dialect, one row each."""

from hufu.actions.details import check_details, read_details, set_details, shown_details
from hufu.actions.recovery import recover_with_code
from hufu.actions.sessions import log_out
from hufu.actions.sign_in import log_in
from hufu.actions.sign_up import register_and_sign_in, send_code_for_state
from hufu.dialects.company import messages as m
from hufu.domain.profiles import View
from hufu.wire.dialect import Anyone, Endpoint, Member

ENDPOINTS: tuple[Endpoint[m.Options], ...] = (
    Anyone("POST", "user/sms", m.Sms, send_code_for_state, m.code_sent),
    Anyone("POST", "user/reg", m.Reg, register_and_sign_in, m.signed_in),
    Member(
        "POST",
        "user/checkFinishUserInfo",
        m.CheckFinishUserInfo,
        check_details,
        m.details_checked,
        view=View.DETAILS,
    ),
    Member("POST", "user/regDetail", m.RegDetail, set_details, m.details_set),
    Anyone("POST", "user/login", m.Login, log_in, m.signed_in, hashes=True),
    Anyone("POST", "user/pwd", m.Pwd, recover_with_code, m.password_set),
    Member("POST", "user/loginout", m.Loginout, log_out, m.logged_out),
    Member(
        "POST",
        "user/getUserInfo",
        m.GetUserInfo,
        read_details,
        m.details_shown,
        view=View.DETAILS,
        at_once=shown_details,
    ),
)
