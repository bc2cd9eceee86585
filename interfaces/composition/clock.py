"""The one clock of a process."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
