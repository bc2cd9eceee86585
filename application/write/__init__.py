"""The event store's port, the one loop that appends, and idempotency, which every command shares."""
