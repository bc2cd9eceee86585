"""Disputes' agenda and evidence."""
