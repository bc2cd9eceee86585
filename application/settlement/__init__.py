"""Settlements of providers, and the release of funds."""
