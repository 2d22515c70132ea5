"""Indexes that no statement uses are dropped; unique ones leave out what is never looked for."""

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

# Most profiles have no unique name, few apps want a number to be sole, few transfers reverse one.
PARTIAL = {
    "profiles_by_name": ("profiles (app, name_key)", "name_key"),
    "identity_numbers_sole": ("identity_numbers (app, sole)", "sole"),
    "transfers_by_reversed": ("transfers (reverses)", "reverses"),
}


def upgrade() -> None:
    """Drop those that are unused, and build the others anew."""
    for index in UNUSED:
        op.execute(f"DROP INDEX {index}")
    op.execute("ALTER TABLE transfers DROP CONSTRAINT transfers_reverses_key")
    for index, (columns, given) in PARTIAL.items():
        op.execute(f"DROP INDEX IF EXISTS {index}")
        op.execute(f"CREATE UNIQUE INDEX {index} ON {columns} WHERE {given} IS NOT NULL")


def downgrade() -> None:
    """Build them as they were."""
    for index, (columns, _) in PARTIAL.items():
        op.execute(f"DROP INDEX {index}")
        if index != "transfers_by_reversed":
            op.execute(f"CREATE UNIQUE INDEX {index} ON {columns}")
    op.execute("ALTER TABLE transfers ADD CONSTRAINT transfers_reverses_key UNIQUE (reverses)")
    for index, columns in UNUSED.items():
        op.execute(f"CREATE INDEX {index} ON {columns}")
