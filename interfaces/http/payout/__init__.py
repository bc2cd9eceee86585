"""The routes of payouts and bank accounts."""
