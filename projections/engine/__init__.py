"""What keeps every read model: its table, its projector, its rebuild."""
