"""Commands on payouts, their files to the bank, and the bank's reports."""
