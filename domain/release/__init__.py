"""Funds that become available to a merchant when their day has come."""
