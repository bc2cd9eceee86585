"""NATS JetStream: how events travel to the read models and to whoever else listens. Transport, never truth."""
