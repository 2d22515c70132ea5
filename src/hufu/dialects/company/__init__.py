"""The account API of a business app, one profile per company."""

from hufu.dialects.company.endpoints import ENDPOINTS
from hufu.dialects.company.errors import BROKEN, MALFORMED, REFUSALS
from hufu.dialects.company.messages import (
    ROLES,
    Options,
    Session,
    deviations,
    proof,
    read_pair,
    security_code,
)
from hufu.wire.dialect import Dialect, Traits

DIALECT = Dialect(
    name="company",
    title="Company",
    options=Options,
    endpoints=ENDPOINTS,
    refusals=REFUSALS,
    malformed=MALFORMED,
    broken=BROKEN,
    proof=proof,
    proof_fields={proof: Session},
    roles=ROLES,
    deviations=deviations,
    traits=Traits(
        md5_passwords=True,
        sole_identity_numbers=True,
        session_guesses_limited=True,
        mint_token=security_code,
        read_token=read_pair,
        code_minutes=5,
        session_idle_days=7,
        session_absolute_days=30,
    ),
)
