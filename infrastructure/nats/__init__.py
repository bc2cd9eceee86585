"""NATS: what wakes the read models, and whoever else listens, when the store has grown. It carries no event."""
