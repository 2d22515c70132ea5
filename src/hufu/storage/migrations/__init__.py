"""Schema changes, by Alembic. `HEAD` names the newest one."""

HEAD = "0007"
