"""Our bank: what it is told, in the words of ISO 20022, and what it says of that."""
