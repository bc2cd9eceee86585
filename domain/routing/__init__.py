"""Routing: policies, and the decision by them which provider a payment goes to."""
