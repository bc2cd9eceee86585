"""Exchange rates: their commands, and the rates in force."""
