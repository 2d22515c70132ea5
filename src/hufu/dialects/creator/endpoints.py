"""The calls of this dialect, one row each."""

from hufu.actions.recovery import recover_and_sign_in, send_recovery_code
from hufu.actions.sessions import log_out_account
from hufu.actions.sign_in import log_in, log_in_with_code, send_sign_in_code
from hufu.actions.sign_up import register_with_code, register_with_name, send_registration_code
from hufu.dialects.creator import errors
from hufu.dialects.creator import messages as m
from hufu.wire.dialect import Anyone, Endpoint

ENDPOINTS: tuple[Endpoint[m.Options], ...] = (
    Anyone("POST", "user/register", m.Register, register_with_name, m.registered, errors.REGISTER),
    Anyone("POST", "user/login", m.Login, log_in, m.signed_in, errors.LOGIN, hashes=True),
    Anyone("POST", "user/logout", m.Logout, log_out_account, m.logged_out, errors.LOGOUT),
    Anyone(
        "GET",
        "user/registerPhone/<phone>",
        m.SendToRegister,
        send_registration_code,
        m.sms_sent,
        errors.SEND_TO_REGISTER,
    ),
    Anyone(
        "POST",
        "user/registerPhone/<phone>",
        m.RegisterPhone,
        register_with_code,
        m.registered,
        errors.REGISTER_PHONE,
    ),
    Anyone(
        "GET",
        "user/loginPhone/<phone>",
        m.SendToLogIn,
        send_sign_in_code,
        m.sign_in_code_sent,
        errors.SEND_TO_LOG_IN,
    ),
    Anyone(
        "POST",
        "user/loginPhone/<phone>",
        m.LoginPhone,
        log_in_with_code,
        m.signed_in,
        errors.LOGIN_PHONE,
    ),
    Anyone(
        "GET",
        "user/forgetPassword/<phone>",
        m.SendToRecover,
        send_recovery_code,
        m.recovery_code_sent,
        errors.SEND_TO_RECOVER,
    ),
    Anyone(
        "POST",
        "user/forgetPassword/<phone>",
        m.ForgetPassword,
        recover_and_sign_in,
        m.signed_in,
        errors.FORGET_PASSWORD,
    ),
)
