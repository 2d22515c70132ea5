"""The account APIs that hufu speaks. Wire format only; no rules."""
