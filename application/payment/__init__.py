"""Payments: their commands, their operations at providers, and what happens to them because time passes."""
