"""Work that could not be done waits for an operator as a dead letter: recorded once, retried or closed, never lost."""
