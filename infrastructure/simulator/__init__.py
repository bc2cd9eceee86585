"""The simulator is a payment provider for development and tests; like a real one it shares no code with its clients."""
