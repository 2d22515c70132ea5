"""The times of a row, several in one column."""


def packed(*columns: str) -> str:
    """The expression for one column that holds them all, as eight bytes of each; NULL where one of
    them is. With `struct` they are read as instants."""
    return " || ".join(f"timestamptz_send({column})" for column in columns)
