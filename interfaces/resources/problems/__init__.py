"""The problem (RFC 9457) of every refusal: each noun owns its problems in one file, and `table` merges them."""
