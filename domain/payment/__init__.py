"""The payment aggregate: one stream, one file a verb."""
