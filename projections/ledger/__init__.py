"""Read models of the journal: balances, lines, and the position of an instant."""
