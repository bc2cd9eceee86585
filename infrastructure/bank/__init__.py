"""Our bank: the files that we submit, in ISO 20022, and the reports on them."""
