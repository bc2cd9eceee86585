"""Read models of dead letters."""
