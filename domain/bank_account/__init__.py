"""A merchant's bank account, to which payouts are sent: added once, never changed, removed."""
