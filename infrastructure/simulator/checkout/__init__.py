"""The simulator speaks Checkout.com's dialect on the same books, in the form of payments and actions."""
