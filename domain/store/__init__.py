"""The events of a store as a whole."""
