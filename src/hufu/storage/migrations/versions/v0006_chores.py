"""Work that one worker does for all: when it is due, and when it was last done."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.execute(
        "CREATE TABLE chores (name text PRIMARY KEY, due_at timestamptz NOT NULL, "
        "done_at timestamptz)"
    )


def downgrade() -> None:
    """Take it away; everything is due."""
    op.execute("DROP TABLE chores")
