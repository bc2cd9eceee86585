"""A restored store: what it lacks is asked for at providers before it takes commands."""
