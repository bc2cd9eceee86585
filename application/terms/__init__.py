"""What is agreed with merchants: its commands, and the versions in force."""
