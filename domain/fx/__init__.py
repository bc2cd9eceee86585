"""Foreign exchange: published rates as versioned data, and conversions at them."""
