"""The routes of disputes."""
