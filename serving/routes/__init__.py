"""Routes of the API and the pages, one noun per module, independent of one another."""
