"""Indexes that no statement uses, and that every write paid for."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UNUSED = {
    "sessions_by_expiry": "sessions (expires_at)",
    "codes_by_expiry": "codes (expires_at)",
    "codes_by_account": "codes (account_id) WHERE account_id IS NOT NULL",
    "registrations_by_expiry": "registrations (expires_at)",
    "captchas_by_expiry": "captchas (expires_at)",
    "identity_numbers_by_number": "identity_numbers (app, blind_index)",
}


def upgrade() -> None:
    """Drop them."""
    for index in UNUSED:
        op.execute(f"DROP INDEX {index}")


def downgrade() -> None:
    """Build them again."""
    for index, columns in UNUSED.items():
        op.execute(f"CREATE INDEX {index} ON {columns}")
