"""Tables and queries beside the events for payouts, releases, settlements and book-keeping."""
