"""The demonstration: a file of orders sent through the whole system, and everything checked afterwards."""
