"""The advisory locks, by number: what each one keeps to one holder at a time."""

APPEND = 7459830221
"""Held by a transaction that draws positions, until it has committed. Written out in migration 0002 too."""
MIGRATE = 7459830222
ARCHIVE = 7459830240
"""Held by whoever receives the WAL for the archive."""
BASE_BACKUP = 7459830241
"""Held by whoever adds base backups to the backup folder, or removes them."""
