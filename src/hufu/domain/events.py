"""What the audit trail records. Facts in it never hold a secret, a code or a full phone number."""

from enum import StrEnum


class EventKind(StrEnum):
    """What happened to an account, or was done by an operator."""

    REGISTERED = "registered"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    PASSWORD_SET = "password_set"  # noqa: S105
    PAYMENT_PASSWORD_SET = "payment_password_set"  # noqa: S105
    RECOVERY_GRANTED = "recovery_granted"
    IDENTIFIER_BOUND = "identifier_bound"
    IDENTIFIER_UNBOUND = "identifier_unbound"
    HANDLE_SET = "handle_set"
    IDENTITY_SET = "identity_set"
    IDENTITY_READ = "identity_read"
    IDENTITY_VERIFIED = "identity_verified"
    INVITER_SET = "inviter_set"
    ROLE_REQUESTED = "role_requested"
    ROLE_GRANTED = "role_granted"
    BARRED = "barred"
    UNBARRED = "unbarred"
    CLOSED = "closed"
    SESSION_ENDED = "session_ended"
    SESSIONS_ENDED = "sessions_ended"
    RULE_SET = "rule_set"
    TRANSFER_REVERSED = "transfer_reversed"
    COIN_ADDED = "coin_added"
    WORD_ADDED = "word_added"
    WORD_CLOSED = "word_closed"
    APP_SECRET_ADDED = "app_secret_added"  # noqa: S105
    ALARM_RAISED = "alarm_raised"
    APP_SECRETS_RETIRED = "app_secrets_retired"
