"""The outside world other than the database, one file per thing."""
