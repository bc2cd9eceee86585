"""Webhooks of providers: received, stored, and processed."""
