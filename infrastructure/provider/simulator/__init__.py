"""The connector to the simulator: `translate`, `signature` and `notifications` are pure, `client` does the I/O."""
