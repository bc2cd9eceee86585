"""Conditions of policies, in the Common Expression Language."""
