"""The numbers of the advisory locks, each of which one session holds at a time."""

APPEND = 7459830221
"""Held until commit by a transaction that assigns positions. Migration 0002 contains the number too."""
MIGRATE = 7459830222
ARCHIVE = 7459830240
"""Held by the process that receives the WAL for the archive."""
BASE_BACKUP = 7459830241
"""Held by a process that adds base backups to the backup folder or removes them."""
