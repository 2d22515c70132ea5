"""Signs of life, by which workers tell how fresh a read replica is."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.execute(
        "CREATE TABLE heartbeats "
        "(worker text PRIMARY KEY, sign text NOT NULL, at timestamptz NOT NULL)"
    )


def downgrade() -> None:
    """Take it away."""
    op.execute("DROP TABLE heartbeats")
