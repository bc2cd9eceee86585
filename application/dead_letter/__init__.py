"""Work that was given up, and the commands of operators on it."""
