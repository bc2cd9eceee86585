"""Disputes: their commands, their money, and their deadlines."""
