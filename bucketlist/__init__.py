"""The one command: it opens a CRM and hands it to a room."""
