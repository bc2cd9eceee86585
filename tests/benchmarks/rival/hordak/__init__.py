"""What a Python user would pick instead: django-payments for the payment, django-hordak for the double entry.

Runs in an environment of its own (the dependency group `rivals`), as `python -m tests.benchmarks.rival.hordak`, and so
imports nothing of this project.
"""
