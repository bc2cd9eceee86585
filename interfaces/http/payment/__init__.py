"""The routes of payments and refunds."""
