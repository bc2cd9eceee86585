"""Logs, metrics and the condition of the system."""
