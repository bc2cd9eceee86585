"""The read models: each a fold over the store's events, thrown away and rebuilt at will."""
