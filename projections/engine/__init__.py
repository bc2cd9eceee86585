"""The engine of every read model: tables, projector, rebuild."""
