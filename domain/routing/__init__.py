"""Which provider a payment goes to: policies, and the decision that follows them."""
