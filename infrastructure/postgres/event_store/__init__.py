"""The append-only event store: encoding, group commit, and reads."""
