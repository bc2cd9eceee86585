"""The connector to the simulator: `translate` is pure, `client` does the I/O."""
