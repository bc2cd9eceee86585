"""Disputes that are due, and evidence files."""
