"""Payouts that go to the bank in one file."""
