"""The command line: `tallystick`."""
