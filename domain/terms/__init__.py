"""What is agreed with merchants: fees, when funds are released, conversion, payouts, disputes; all of it versioned data."""
