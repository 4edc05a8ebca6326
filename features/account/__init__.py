"""Feature groups of an account, one file per question."""
