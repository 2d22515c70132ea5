"""What all dialects share: the shape of a dialect, and how a request becomes an answer."""
