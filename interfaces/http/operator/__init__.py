"""The routes of operators and auditors."""
