"""Letters to an address are found in any spelling of case."""

from alembic import op

from hufu.storage.migrations.concurrently import create_index

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index. Addresses are ASCII, and lower-cased as such whatever the language is."""
    create_index(
        "outbox_by_address",
        """outbox (lower(recipient COLLATE "C"), id DESC) WHERE channel = 'email'""",
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX outbox_by_address")
