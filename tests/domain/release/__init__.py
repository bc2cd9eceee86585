"""Released funds."""
