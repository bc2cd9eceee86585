"""Disputes: the merchant's answer to a bank that takes a payment back, its deadline, and the bank's ruling."""
