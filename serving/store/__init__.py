"""The score store: pointers, keys, sessions and the audit trail; no score itself lives here."""
