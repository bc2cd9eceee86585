"""Days that are handed over to book-keeping."""
