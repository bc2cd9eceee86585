"""A payment provider to develop and test against; like a real one it shares no code with those who call it."""
