"""Routing policies: their commands, and the policy in force."""
