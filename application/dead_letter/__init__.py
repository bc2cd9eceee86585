"""What could not be brought to an end by itself, and what an operator does about it."""
