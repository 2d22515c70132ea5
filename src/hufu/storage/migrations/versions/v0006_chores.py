"""Work that one worker does for all, and which versions of the program the schema serves."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables. Who can do without what a migration takes away is the oldest version."""
    op.execute(
        "CREATE TABLE chores (name text PRIMARY KEY, due_at timestamptz NOT NULL, "
        "done_at timestamptz)"
    )
    op.execute("CREATE TABLE oldest_served (version text PRIMARY KEY)")
    op.execute("INSERT INTO oldest_served VALUES ('0005')")


def downgrade() -> None:
    """Take them away; everything is due."""
    op.execute("DROP TABLE oldest_served")
    op.execute("DROP TABLE chores")
