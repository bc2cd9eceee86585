"""Connections to Postgres: pools, sessions with the primary, deadlines, and the database's clock."""
