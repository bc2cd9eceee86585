"""What a restored store keeps: its gate, and the orphans found at providers."""
