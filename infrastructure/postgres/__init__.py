"""Postgres: the append-only event store, the queues and tables beside the events, and the connections."""
