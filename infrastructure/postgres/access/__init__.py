"""Merchants, operators and their keys."""
