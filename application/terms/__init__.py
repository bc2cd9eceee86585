"""Commands on the terms agreed with merchants, and the terms in force."""
