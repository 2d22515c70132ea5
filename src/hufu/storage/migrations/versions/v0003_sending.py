"""Devices that accounts are used from; what becomes of codes; alarms."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
-- Where an account was signed in to: the hash of a network, or of a device's own id.
CREATE TABLE devices (
    account_id integer NOT NULL REFERENCES accounts,
    device bytea NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, device)
);

-- Codes sent by SMS to numbers that begin alike, in slots of time, and how many of them were used.
CREATE TABLE sending (
    prefix text NOT NULL,
    slot timestamptz NOT NULL,
    sent integer NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (prefix, slot)
);
CREATE INDEX sending_by_slot ON sending (slot);

CREATE TABLE alarms (
    kind text NOT NULL,
    subject text NOT NULL,
    day date NOT NULL,
    raised_at timestamptz NOT NULL,
    PRIMARY KEY (kind, subject, day)
);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Take the tables away; known devices are strangers again."""
    for table in ("alarms", "sending", "devices"):
        op.execute(f"DROP TABLE {table}")
