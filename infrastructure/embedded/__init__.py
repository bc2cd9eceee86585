"""Postgres and NATS on a bare machine: binaries from two wheels, one folder, loopback only, no process left behind."""
