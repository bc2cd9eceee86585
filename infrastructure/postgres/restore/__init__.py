"""The gate of a restored store, and the orphans found at providers."""
