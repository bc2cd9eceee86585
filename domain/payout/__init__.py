"""A payout is a merchant's money on its way from us to the merchant's bank."""
