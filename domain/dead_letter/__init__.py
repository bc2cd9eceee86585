"""What could not be done and waits for an operator: recorded once, retried or closed, never lost."""
