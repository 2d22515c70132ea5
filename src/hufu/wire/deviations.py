"""Where a protocol forces something weaker than today's standards ask for."""

from dataclasses import dataclass

import msgspec

_CREATOR = "tests/dialects/creator/test_door.py"
_CREATOR_WORDS = "tests/dialects/creator/test_messages.py"
_COMPANY_WORDS = "tests/dialects/company/test_messages.py"
_LIVES = "tests/domain/test_lives.py"
_PASSWORDS = "tests/domain/test_passwords.py"
_LIMITS = "tests/test_cross_limits.py"
_CODES = "tests/test_cross_codes.py"
_DIALECTS = "tests/test_cross_dialect.py"
_ACCOUNTS = "tests/cli/test_accounts.py"
_HERE = "tests/test_deviations.py"
_SIGNED_IN = "tests/attacks/test_creator_sessions.py"
_TOKENS = "tests/pages/test_session_tokens.py"
_OWN = "tests/pages/test_session_list.py"
_PROFILE = "tests/attacks/test_rental_profile.py"


@dataclass(frozen=True, slots=True)
class Switch:
    """The setting that decides: a value that lets a deviation be, and one that stops it."""

    setting: str
    lets: object
    stops: object

    @property
    def remedy(self) -> str:
        """What to write into the settings' file to stop it."""
        return f"{self.setting} = {msgspec.json.encode(self.stops).decode()}"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One such weakness: what is weaker, and which requirement of OWASP ASVS 5.0 it breaks.

    `default` is what the server does unless it is told otherwise, `contained_by` what keeps the
    weakness from mattering, `tests` show that. Without a `switch` the protocol leaves no choice.
    """

    id: str
    requirement: str
    weakness: str
    default: str
    contained_by: str
    tests: tuple[str, ...]
    switch: Switch | None = None


MD5_PASSWORDS = Deviation(
    "md5-passwords",
    "11.4.1",
    "clients send the MD5 of a password",
    "accepted from these clients only",
    "it is keyed and hashed with Argon2id like any password, and opens nothing when typed",
    (
        f"{_DIALECTS}::test_the_digest_typed_as_a_password_opens_nothing",
        f"{_PASSWORDS}::test_who_knows_only_the_digest_makes_no_plain_verifier",
    ),
)
UNKNOWN_LENGTH = Deviation(
    "unknown-length",
    "6.2.1",
    "of a password that arrives as an MD5 nobody can see whether it is long enough",
    "only the MD5 of nothing is refused",
    "`password_blocklist` refuses the most common ones by their MD5, and guesses are limited",
    (
        f"{_PASSWORDS}::test_a_blocked_password_is_refused_in_either_form",
        f"{_PASSWORDS}::test_nothing_is_no_password_even_when_only_its_digest_is_known",
    ),
)
SHORT_PASSWORDS = Deviation(
    "short-passwords",
    "6.2.1",
    "passwords of fewer than 8 characters may be set",
    '6 characters, as the documents have it; 8 with `hardening = "strict"`',
    "guesses are limited per account and network, over all apps together",
    (f"{_LIMITS}::test_one_budget_of_password_guesses_over_all_doors",),
    Switch("password_min_length", lets=6, stops=8),
)
COMMON_PASSWORDS = Deviation(
    "common-passwords",
    "6.2.4",
    "the most common passwords may be set",
    'allowed, as the documents\' own examples are among them; refused with `hardening = "strict"`',
    "guesses are limited per account and network, over all apps together",
    (
        f"{_LIMITS}::test_one_budget_of_password_guesses_over_all_doors",
        f"{_LIMITS}::test_fifty_wrong_passwords_a_day",
    ),
    Switch("password_blocklist", lets=False, stops=True),
)
SHORT_SESSION_CODE = Deviation(
    "short-session-code",
    "7.2.3",
    "session codes have 16 characters (95 bits)",
    "random characters of the operating system's generator",
    "they are looked up together with the account, and wrong ones block the network, unless it "
    "shows the secret of the app's backend",
    (
        f"{_LIMITS}::test_wrong_session_codes_from_one_network",
        f"{_TOKENS}::test_wrong_codes_from_one_network",
        f"{_TOKENS}::test_one_budget_of_guesses_here_and_at_the_clients_door",
    ),
)
GET_WITH_EFFECT = Deviation(
    "get-with-effect",
    "3.5.3",
    "a GET request ends a session or sends a message",
    "answered to scripts and apps, not to what a browser does unasked",
    "requests that a browser makes for another site, ahead of need or as a picture are refused",
    (
        f"{_CREATOR}::test_what_a_browser_fetches_unasked_sends_nothing",
        f"{_CREATOR}::test_other_methods_send_nothing",
        "tests/attacks/test_rental_browsers.py::test_a_picture_signs_a_visitor_out",
    ),
)
PHONE_IN_PATH = Deviation(
    "phone-in-path",
    "14.2.1",
    "phone numbers are part of paths",
    "logs and metrics name the row of the table, `<phone>` and all",
    "the server logs no path; keep it out of the logs of proxies too",
    (
        f"{_HERE}::test_neither_logs_nor_metrics_name_a_path_that_holds_a_number",
        "tests/attacks/test_canaries_seen.py::test_numbers_in_paths_in_the_log",
    ),
)
PASSWORD_BESIDE_SESSION = Deviation(
    "password-beside-session",
    "14.2.1",
    "some calls take the password in place of a session",
    "taken where there is no cookie",
    "it is read from the body only, and counted like any sign-in",
    (
        "tests/dialects/test_conformance.py::test_nothing_is_read_from_the_query",
        f"{_PROFILE}::test_a_link_carries_a_password",
        f"{_PROFILE}::test_profile_calls_add_to_the_guesses_of_sign_in",
    ),
)
ROLE_FROM_CLIENT = Deviation(
    "role-from-client",
    "8.3.1",
    "clients give themselves a role at registration",
    "an ordinary user's; any other role becomes a request to an operator",
    "admin can never be among them, and every wish is an event of the audit trail",
    (
        f"{_CREATOR}::test_a_wish_for_a_role_is_left_to_an_operator",
        "tests/attacks/test_creator_roles.py::test_a_role_is_had_for_the_asking",
        f"{_CREATOR_WORDS}::test_which_roles_clients_may_give_themselves_is_a_setting_without_admin",
    ),
    Switch("self_roles", lets=["normal_user", "vip_user"], stops=["normal_user"]),
)
LOGOUT_BY_ID = Deviation(
    "logout-by-id",
    "7.2.1",
    "an account's id alone ends sessions",
    "those that the same network and user agent opened",
    "a stranger's request ends nothing; a browser's for another site is refused",
    (
        f"{_CREATOR}::test_a_logout_by_a_stranger_ends_nothing",
        f"{_SIGNED_IN}::test_counting_through_the_ids_signs_somebody_out",
    ),
    Switch("bare_logout", lets="same_client", stops="cookie"),
)
ONE_GRANT_TWO_POWERS = Deviation(
    "one-grant-two-powers",
    "6.4.3",
    "one recovery token sets the sign-in or the payment password",
    "whichever comes first, within 15 minutes",
    "it is claimed once, and for the payment password it needs a session of the same account",
    (
        "tests/test_races.py::test_one_grant_sets_one_password",
        "tests/attacks/test_fomo_references.py::test_a_token_sets_both_passwords",
        "tests/test_payment_password.py::test_it_never_becomes_the_sign_in_password",
    ),
)
SIGN_IN_AFTER_RESET = Deviation(
    "sign-in-after-reset",
    "6.4.3",
    "resetting a password signs in",
    "a new session for whoever had the code",
    "every other session of the account ends, and its owner is told",
    (f"{_CREATOR}::test_a_recovery_ends_the_accounts_sessions_and_the_cookies",),
)
NO_PASSWORD_CHANGE = Deviation(
    "no-password-change",
    "6.2.2",
    "there is no call that changes or recovers a password",
    "the password stays",
    "another app of the pool can change it, and the change holds here at once",
    (f"{_DIALECTS}::test_one_password_change_is_seen_by_all",),
)
NO_LOGOUT = Deviation(
    "no-logout",
    "7.4.4",
    "there is no call that ends a session",
    "it ends unused, or by its age (`session_idle_days`, `session_absolute_days`)",
    "a new password ends all sessions, and so does `hufu accounts sign-out`; the app's own "
    "backend can end each of them",
    (
        f"{_LIVES}::test_a_session_dies_idle_or_old",
        f"{_OWN}::test_ending_the_session_that_asks",
        f"{_ACCOUNTS}::test_sign_out",
    ),
)
NO_SESSION_LIST = Deviation(
    "no-session-list",
    "7.5.2",
    "no call of the protocol shows owners their sessions or ends one of them from another",
    "the app's own backend can do both for them, with `/v1/sessions`",
    "a new password ends all of them; an operator sees and ends them with `hufu accounts`",
    (
        f"{_OWN}::test_ones_sessions_newest_first",
        f"{_OWN}::test_ending_another_device",
        f"{_DIALECTS}::test_one_password_change_is_seen_by_all",
        f"{_ACCOUNTS}::test_sign_out",
    ),
)
UNKNOWN_USER_TOLD = Deviation(
    "unknown-user-told",
    "6.3.8",
    "answers tell that an account does not exist",
    'told where the documents tell it; not with `hardening = "strict"`',
    "unknown accounts cost the same time, and such answers to one network are limited",
    (
        f"{_LIMITS}::test_answers_that_tell_who_has_an_account_are_counted",
        "tests/attacks/test_equal_work.py::test_no_door_tells_by_its_work",
    ),
    Switch("reveal_unknown_user", lets=True, stops=False),
)
SINGLE_FACTOR = Deviation(
    "single-factor",
    "6.3.3",
    "a password alone, or a code alone, signs in",
    "no call has room for a second factor",
    "guesses are limited over all doors, and taking over the account wants a recent sign-in",
    (
        f"{_LIMITS}::test_one_budget_of_password_guesses_over_all_doors",
        f"{_LIVES}::test_a_sign_in_is_recent_for_a_quarter_of_an_hour",
    ),
)
SMS_ONLY_FACTOR = Deviation(
    "sms-only-factor",
    "6.6.1",
    "a code by SMS or e-mail is enough to recover an account",
    "codes of 6 digits that live 5 or 10 minutes",
    "codes are bound, limited and short-lived; new identifiers recover nothing for a while",
    (
        f"{_CODES}::test_fifteen_guesses_a_day_over_all_apps",
        f"{_CODES}::test_a_code_opens_only_what_it_was_sent_for",
        f"{_LIVES}::test_a_new_identifier_recovers_nothing_for_a_while_unless_it_is_the_only_one",
    ),
)
SHORT_CODES = Deviation(
    "short-codes",
    "6.5.4",
    "codes have fewer than 6 digits",
    "6 digits",
    "a code dies of 5 wrong guesses, and 15 a day are evaluated",
    (
        f"{_CODES}::test_five_wrong_guesses_kill_a_code",
        f"{_CODES}::test_fifteen_guesses_a_day_over_all_apps",
    ),
    Switch("code_digits", lets=4, stops=6),
)
LONG_LIVED_CODES = Deviation(
    "long-lived-codes",
    "6.5.5",
    "codes live for more than 10 minutes",
    "5 or 10 minutes, as the dialect has it",
    "a code is good once, and dies of 5 wrong guesses",
    (
        f"{_CODES}::test_a_code_is_good_once_and_an_older_one_not_at_all",
        f"{_CODES}::test_five_wrong_guesses_kill_a_code",
    ),
    Switch("code_minutes", lets=60, stops=10),
)
IDENTITY_NUMBER_SHOWN = Deviation(
    "identity-number-shown",
    "14.2.6",
    "owners see their identity number in full",
    'in full, as the documents have it; masked with `hardening = "strict"`',
    "nobody else does, and every reading is an event of the audit trail",
    (f"{_HERE}::test_every_reading_of_an_identity_number_is_recorded",),
    Switch("identity_number", lets="full", stops="masked"),
)
RECOMMENDER_PHONE_SHOWN = Deviation(
    "recommender-phone-shown",
    "14.2.6",
    "whoever names a recommender reads that person's phone number",
    "masked",
    "the recommender is set once, for ever",
    (f"{_COMPANY_WORDS}::test_the_recommenders_phone_in_full_needs_a_setting",),
    Switch("full_recommend_phone", lets=True, stops=False),
)
UNPAGED_LISTS = Deviation(
    "unpaged-lists",
    "2.4.1",
    "a list is answered whole where the client asks for no page",
    "the newest 1,000 of the invited",
    "no answer holds more, however many there are",
    (f"{_HERE}::test_an_unpaged_list_holds_the_newest_only",),
)
PLAIN_HTTP = Deviation(
    "plain-http",
    "12.2.1",
    "clients are told to use http, without TLS",
    "whatever `public_url` says",
    "nothing: put TLS in front before real clients use it",
    ("tests/cli/test_serve.py::test_production_lists_its_deviations",),
    Switch("public_url", lets="http://id.example.com", stops="https://id.example.com"),
)

ALL = (
    MD5_PASSWORDS,
    UNKNOWN_LENGTH,
    SHORT_PASSWORDS,
    COMMON_PASSWORDS,
    SHORT_SESSION_CODE,
    GET_WITH_EFFECT,
    PHONE_IN_PATH,
    PASSWORD_BESIDE_SESSION,
    ROLE_FROM_CLIENT,
    LOGOUT_BY_ID,
    ONE_GRANT_TWO_POWERS,
    SIGN_IN_AFTER_RESET,
    NO_PASSWORD_CHANGE,
    NO_LOGOUT,
    NO_SESSION_LIST,
    UNKNOWN_USER_TOLD,
    SINGLE_FACTOR,
    SMS_ONLY_FACTOR,
    SHORT_CODES,
    LONG_LIVED_CODES,
    IDENTITY_NUMBER_SHOWN,
    RECOMMENDER_PHONE_SHOWN,
    UNPAGED_LISTS,
    PLAIN_HTTP,
)
"""The register, as docs/deviations.md prints it."""
