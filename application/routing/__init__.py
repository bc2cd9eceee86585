"""Commands on routing policies, and the policy in force."""
