"""The JSON form of each noun, shared by the API, the command line and the demonstration."""
