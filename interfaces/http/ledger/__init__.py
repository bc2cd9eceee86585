"""The routes of balances and statements."""
