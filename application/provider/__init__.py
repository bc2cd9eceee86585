"""What is asked of payment providers, and what they tell: the ports."""
