"""Read models of what happens at providers: their health, operations, movements and settlements."""
