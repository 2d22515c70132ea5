"""The account API of a house-rental web site."""

from hufu.dialects.rental.endpoints import ENDPOINTS
from hufu.dialects.rental.errors import BROKEN, MALFORMED, REFUSALS
from hufu.dialects.rental.messages import (
    SESSION_COOKIE,
    VISITOR_COOKIE,
    Credentials,
    Options,
    cookie_only,
    cookie_or_password,
    deviations,
    guard,
)
from hufu.domain.permissions import Role
from hufu.wire.dialect import Dialect, Traits

DIALECT = Dialect(
    name="rental",
    title="Rental",
    options=Options,
    endpoints=ENDPOINTS,
    refusals=REFUSALS,
    malformed=MALFORMED,
    broken=BROKEN,
    proof=cookie_only,
    proof_fields={cookie_or_password: Credentials},
    roles={Role.MEMBER: "member"},
    deviations=deviations,
    traits=Traits(unique_names=True, code_minutes=5),
    guard=guard,
    session_cookie=SESSION_COOKIE,
    visitor_cookie=VISITOR_COOKIE,
)
