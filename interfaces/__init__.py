"""How the world reaches the application: HTTP, the command line, the worker."""
