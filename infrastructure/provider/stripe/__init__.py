"""The connector to Stripe's payment intents: `translate` and `objects` are pure, `client` does the I/O."""
