"""Ports to payment providers: calls, webhooks, listings and disputes."""
