"""Postgres: the append-only event store, and what has to be committed in the same transaction with it."""
