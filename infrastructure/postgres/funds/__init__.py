"""What payouts, releases, settlements and book-keeping read and keep beside the events."""
