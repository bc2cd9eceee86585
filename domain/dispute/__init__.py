"""A customer's bank takes a payment back: what the merchant can answer, until when, and what came of it."""
