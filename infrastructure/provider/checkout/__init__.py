"""The connector to Checkout.com: `translate` is pure, `client` does the I/O, `notifications` reads the webhooks."""
