"""The double-entry ledger: accounts, journal entries, and the rule that turns each payment event into one."""
