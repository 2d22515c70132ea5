"""The account API of a chat and coin app."""

from hufu.dialects.fomo.endpoints import ENDPOINTS
from hufu.dialects.fomo.errors import BROKEN, MALFORMED, REFUSALS
from hufu.dialects.fomo.messages import Options, Session, deviations, proof
from hufu.dialects.fomo.rewards import ITEMS
from hufu.domain.permissions import Role
from hufu.wire.dialect import Dialect, Traits

DIALECT = Dialect(
    name="fomo",
    title="Fomo",
    options=Options,
    endpoints=ENDPOINTS,
    refusals=REFUSALS,
    malformed=MALFORMED,
    broken=BROKEN,
    proof=proof,
    proof_fields={proof: Session},
    roles={Role.MEMBER: "member"},
    deviations=deviations,
    traits=Traits(
        handles=True, session_idle_days=30, session_absolute_days=180, reward_items=ITEMS
    ),
)
