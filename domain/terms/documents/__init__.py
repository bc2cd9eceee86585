"""Terms as an operator writes them: one file a kind, each read strictly and refused with the line at fault."""
