"""PostgreSQL: one class per kind of row, one statement per method, one transaction per `Work`."""
