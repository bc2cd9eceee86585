"""Generated requests that mean harm: whatever they are, no answer is a 500, and the server stays awake."""
