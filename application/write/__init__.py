"""What every command shares: the event store's port, the one way to append, and idempotency."""
