"""The merchants' HTTP API, under /v1."""
