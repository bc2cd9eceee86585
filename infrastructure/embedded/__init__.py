"""Postgres and NATS on a bare machine: two wheels' binaries, one folder, loopback only, and nothing left running."""
