"""The ports' real ends: Postgres, NATS, providers, the embedded servers, logs."""
