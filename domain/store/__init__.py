"""What happens to a store as a whole."""
