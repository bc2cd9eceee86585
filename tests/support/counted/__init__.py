"""What a running system costs, counted from outside: nothing of the product counts itself here.

Statements and transactions come from Postgres's own log, tuples and WAL bytes from the WAL, messages from the NATS
server, calls to the provider from the wire. Counts, unlike seconds, are the same on a busy machine.
"""
