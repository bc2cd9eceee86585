"""The rules of payments and money: pure functions over frozen structs, with no I/O, clock or randomness."""
