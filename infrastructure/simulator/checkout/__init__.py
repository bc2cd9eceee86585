"""The simulator in Checkout.com's dialect: the same books, told as Checkout.com's payments and actions."""
