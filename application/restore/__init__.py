"""A restored store takes commands once providers were asked for the events that the store has lost."""
