"""The route that takes providers' webhooks."""
