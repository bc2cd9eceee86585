"""Where a merchant's money is paid out to: an account at a bank, added once, never changed, removed."""
