"""Connectors to payment providers: each implements the port `application.provider.port.Provider`."""
