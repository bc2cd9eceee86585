"""NATS wakes the read models and other listeners when the store has grown; no message carries an event."""
