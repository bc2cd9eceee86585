"""A bank: takes files of payments in pain.001.001.09, and tells later what became of each payment."""
