"""Copies of a store elsewhere: base backups and a continuous WAL archive, sealed with an operator's key."""
