"""A payout: money of a merchant's on its way from us to the merchant's bank."""
