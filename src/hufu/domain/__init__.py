"""The rules: pure functions of facts and time. No clock, randomness, I/O or async in here."""
