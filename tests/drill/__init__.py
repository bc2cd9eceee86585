"""What an operator does on purpose, and what machines do to him, rehearsed on real servers: `make drill`."""
