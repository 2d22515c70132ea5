"""Which kind of identifier somebody typed."""

from hufu.domain import names
from hufu.domain.errors import (
    AccountNameMalformed,
    EmailMalformed,
    IdentifierMalformed,
    PhoneMalformed,
)
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.services.emails import parse_email
from hufu.services.phones import parse_phone, reads_as_phone


def parse_identifier(raw: str) -> Identifier:
    """A mobile number or an e-mail address, as an @ decides; raises IdentifierMalformed."""
    found = _reachable(raw)
    if found is None:
        raise IdentifierMalformed(field="identifier")
    return found


def parse_any(raw: str) -> Identifier:
    """A mobile number, an e-mail address or else a user name; raises IdentifierMalformed."""
    found = _reachable(raw) or _user_name(raw)
    if found is None:
        raise IdentifierMalformed(field="identifier")
    return found


def parse_typed(raw: str) -> Identifier:
    """What somebody typed to name an account. What nobody can have leads nowhere, at the same cost
    and in the same order as a name that nobody has."""
    try:
        return parse_any(raw)
    except IdentifierMalformed:
        return Identifier(IdentifierKind.USER_NAME, raw, raw)


def parse_account_name(raw: str) -> Identifier:
    """A user name, or an e-mail address given as one; raises AccountNameMalformed."""
    found = _reachable(raw) or _user_name(raw)
    if found is None or found.kind is IdentifierKind.PHONE:
        raise AccountNameMalformed(field="account_name")
    if len(found.shown) > names.LONGEST_ACCOUNT_NAME:
        raise AccountNameMalformed(field="account_name")
    return found


def _reachable(raw: str) -> Identifier | None:
    try:
        return parse_email(raw) if "@" in names.half_width(raw) else parse_phone(raw)
    except (PhoneMalformed, EmailMalformed):
        return None


def _user_name(raw: str) -> Identifier | None:
    try:
        name = names.account_name(raw)
    except AccountNameMalformed:
        return None
    # Compared as its key, so the key must not be somebody's number or address either.
    return None if reads_as_phone(name.key) or _reachable(name.key) else name
