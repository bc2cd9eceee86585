"""The inbox of providers' deliveries."""
