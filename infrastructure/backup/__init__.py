"""Copies of a store in another place: base backups and a continuous WAL archive, sealed with the operator's key."""
