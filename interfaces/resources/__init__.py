"""What is shown of each noun, whatever shows it: the API, the command line, the demo."""
