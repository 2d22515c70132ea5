"""The calls of this dialect, one row each."""

from hufu.actions.avatars import set_avatar
from hufu.actions.identifiers import begin_binding, begin_unbinding
from hufu.actions.invitations import read_invitation, read_invited, set_inviter
from hufu.actions.names import set_handle
from hufu.actions.passwords import reset_password, set_payment_password
from hufu.actions.profiles import (
    bind_to_profile,
    log_in_to_profile,
    read_profile,
    set_profile,
    shown_profile,
    unbind_from_profile,
)
from hufu.actions.recovery import begin_recovery, confirm_recovery
from hufu.actions.registrations import begin_registration, complete_registration
from hufu.actions.reservations import count_reservations, reserve
from hufu.actions.rewards import read_awards, sign_in_for_today
from hufu.actions.words import submit_word
from hufu.dialects.fomo import messages as m
from hufu.dialects.fomo import rewards as r
from hufu.dialects.fomo.errors import AVATAR_REFUSALS
from hufu.domain.profiles import View
from hufu.wire.dialect import Anyone, Endpoint, Member

ENDPOINTS: tuple[Endpoint[m.Options], ...] = (
    Anyone("POST", "customer/register", m.Register, begin_registration, m.registration_begun),
    Anyone(
        "POST",
        "customer/complete_register",
        m.CompleteRegister,
        complete_registration,
        m.registration_completed,
    ),
    Anyone("POST", "customer/login", m.Login, log_in_to_profile, m.logged_in, hashes=True),
    Member(
        "POST",
        "customer/update_avatar",
        m.UpdateAvatar,
        set_avatar,
        m.avatar_set,
        AVATAR_REFUSALS,
        m.AVATAR_LIMIT,
    ),
    Member(
        "POST",
        "customer/get_user_info",
        m.GetUserInfo,
        read_profile,
        m.profile_shown,
        view=View.PROFILE,
        at_once=shown_profile,
    ),
    Member("POST", "customer/set_wallet_pwd", m.SetWalletPwd, set_payment_password, m.password_set),
    Member("POST", "customer/set_info", m.SetInfo, set_profile, m.profile_shown),
    Member("POST", "customer/set_fomo_id", m.SetFomoId, set_handle, m.handle_set),
    Anyone("POST", "customer/rec_pwd1", m.RecPwd1, begin_recovery, m.recovery_begun),
    Anyone("POST", "customer/rec_pwd2", m.RecPwd2, confirm_recovery, m.recovery_granted),
    Anyone("POST", "customer/set_pwd", m.SetPwd, reset_password, m.password_set),
    Member(
        "POST",
        "customer/bind_email",
        m.BindEmail,
        begin_binding,
        m.challenge_sent,
        steady=True,
    ),
    Member(
        "POST",
        "customer/bind_phone",
        m.BindPhone,
        begin_binding,
        m.challenge_sent,
        steady=True,
    ),
    Member("POST", "customer/bind_completed", m.BindCompleted, bind_to_profile, m.profile_shown),
    Member("POST", "customer/unbind_email", m.UnbindEmail, begin_unbinding, m.challenge_sent),
    Member("POST", "customer/unbind_phone", m.UnbindPhone, begin_unbinding, m.challenge_sent),
    Member(
        "POST",
        "customer/unbind_completed",
        m.UnbindCompleted,
        unbind_from_profile,
        m.profile_shown,
    ),
    Member("POST", "customer/get_newbee_award", r.GetNewbeeAward, read_awards, r.awards_shown),
    Member("POST", "customer/get_today_award", r.GetTodayAward, read_awards, r.awards_shown),
    Member("POST", "customer/get_invitation", r.GetInvitation, read_invitation, r.invitation_shown),
    Member("POST", "customer/set_invitation", r.SetInvitation, set_inviter, r.inviter_set),
    Member("POST", "customer/sign_in_today", r.SignInToday, sign_in_for_today, r.signed_in_today),
    Member("POST", "customer/get_children", r.GetChildren, read_invited, r.children_listed),
    Member("POST", "customer/submit_word", r.SubmitWord, submit_word, r.share_taken),
    Anyone("POST", "customer/subscribe_counts", r.SubscribeCounts, count_reservations, r.counted),
    Member("POST", "customer/subscribe_libra", r.SubscribeLibra, reserve, r.counted),
)
