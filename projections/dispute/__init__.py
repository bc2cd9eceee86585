"""Read models of disputes."""
