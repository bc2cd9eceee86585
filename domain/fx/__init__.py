"""Foreign exchange: published rates as versioned data, and what a conversion at one of them comes to."""
