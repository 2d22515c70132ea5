"""E-mail addresses, through the library email-validator, without DNS look-ups."""

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from hufu.domain.errors import EmailMalformed
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.names import clean_text, half_width

LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3.


def parse_email(raw: str) -> Identifier:
    """The address typed; raises EmailMalformed.

    The domain is kept in its ASCII form (IDNA), which every mail server takes. The part before the
    @ is ASCII too: an address that needs SMTPUTF8 has no ASCII key, and few senders reach it.
    """
    refusal = EmailMalformed(field="email")
    text = half_width(clean_text(raw, refusal))
    valid = _validated(text) if len(text) <= LONGEST_EMAIL else None
    if valid is None or valid.ascii_email is None:
        raise refusal
    return Identifier(IdentifierKind.EMAIL, valid.ascii_email.lower(), valid.ascii_email)


def _validated(text: str) -> ValidatedEmail | None:
    try:
        return validate_email(
            text,
            allow_smtputf8=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            allow_display_name=False,
            allow_empty_local=False,
            strict=True,
            check_deliverability=False,
            globally_deliverable=True,
            test_environment=False,
        )
    except EmailNotValidError:
        return None
