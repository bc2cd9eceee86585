"""Documents that people write, read strictly."""
