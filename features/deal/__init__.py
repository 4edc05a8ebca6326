"""Feature groups of a deal, one file per question."""
