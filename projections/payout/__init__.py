"""Read models of payouts, their batches and bank accounts."""
