"""Documents of terms: one text for each kind, read strictly and refused with the line at fault."""
