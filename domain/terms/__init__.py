"""What is agreed with merchants: fees, release of funds, conversion, payouts, disputes; all of it versioned data."""
