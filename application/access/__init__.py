"""The merchants and operators that may use the API, and their keys."""
