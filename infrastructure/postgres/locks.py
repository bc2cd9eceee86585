"""The advisory locks, by number: what each one keeps to one holder at a time."""

APPEND = 7459830221
"""Held by a transaction that draws positions, until it has committed. Written out in migration 0002 too."""
MIGRATE = 7459830222
