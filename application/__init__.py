"""Load, decide, append: how a command becomes events, and the ports through which that touches the world."""
