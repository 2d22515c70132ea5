"""The account API of a content site with creators and VIPs."""

from hufu.dialects.creator.endpoints import ENDPOINTS
from hufu.dialects.creator.errors import BROKEN, MALFORMED, REFUSALS
from hufu.dialects.creator.messages import (
    ROLES,
    SESSION_COOKIE,
    Options,
    deviations,
    guard,
    proof,
)
from hufu.wire.dialect import Dialect, Traits

DIALECT = Dialect(
    name="creator",
    title="Creator",
    options=Options,
    endpoints=ENDPOINTS,
    refusals=REFUSALS,
    malformed=MALFORMED,
    broken=BROKEN,
    proof=proof,
    roles=ROLES,
    deviations=deviations,
    guard=guard,
    session_cookie=SESSION_COOKIE,
    doubled_slashes=True,
    traits=Traits(unproved_addresses=True),
)
