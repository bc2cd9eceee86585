"""Payouts: their commands, their files to the bank, and the bank's reports."""
