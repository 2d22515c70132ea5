"""Where a protocol forces something weaker than today's standards ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deviation:
    """One such weakness: what is weaker, which requirement of OWASP ASVS 5.0 it breaks, and what
    keeps it from mattering."""

    id: str
    requirement: str
    weakness: str
    contained_by: str


MD5_PASSWORDS = Deviation(
    "md5-passwords",
    "11.4.1",
    "clients send the MD5 of a password",
    "it is keyed and hashed with Argon2id like any password, and opens nothing when typed",
)
SHORT_SESSION_CODE = Deviation(
    "short-session-code",
    "7.2.3",
    "session codes have 16 characters (95 bits)",
    "they are looked up together with the account, and wrong ones block the network",
)
GET_WITH_EFFECT = Deviation(
    "get-with-effect",
    "3.5.3",
    "a GET request ends a session or sends a message",
    "requests that a browser makes for another site, ahead of need or as a picture are refused",
)
PHONE_IN_PATH = Deviation(
    "phone-in-path",
    "14.2.1",
    "phone numbers are part of paths",
    "the server logs no path; keep it out of the logs of proxies too",
)
PASSWORD_BESIDE_SESSION = Deviation(
    "password-beside-session",
    "14.2.1",
    "some calls take the password in place of a session",
    "it is read from the body only, and counted like any sign-in",
)
ROLE_FROM_CLIENT = Deviation(
    "role-from-client",
    "8.3.1",
    "clients name their own role at registration",
    "roles outside `self_roles` become a request to an operator",
)
LOGOUT_BY_ID = Deviation(
    "logout-by-id",
    "7.2.1",
    "an account's id alone ends sessions",
    "only those that the same network and user agent opened; `bare_logout` turns it off",
)
ONE_GRANT_TWO_POWERS = Deviation(
    "one-grant-two-powers",
    "6.4.3",
    "one recovery token sets the sign-in or the payment password",
    "it is claimed once, and for the payment password it needs a session of the same account",
)
SIGN_IN_AFTER_RESET = Deviation(
    "sign-in-after-reset",
    "6.4.3",
    "resetting a password signs in",
    "every other session of the account ends, and its owner is told",
)
UNKNOWN_USER_TOLD = Deviation(
    "unknown-user-told",
    "6.3.8",
    "answers tell that an account does not exist",
    "unknown accounts cost the same time, probing is limited; `reveal_unknown_user` turns it off",
)
SMS_ONLY_FACTOR = Deviation(
    "sms-only-factor",
    "6.6.1",
    "a code by SMS or e-mail is enough to recover an account",
    "codes are bound, limited and short-lived; new identifiers recover nothing for a while",
)
IDENTITY_NUMBER_SHOWN = Deviation(
    "identity-number-shown",
    "14.2.6",
    "owners see their identity number in full",
    "every reading is recorded; `identity_number` masks it",
)
PLAIN_HTTP = Deviation(
    "plain-http",
    "12.2.1",
    "the public URL is not https",
    "nothing: put TLS in front before real clients use it",
)
