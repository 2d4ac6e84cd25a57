"""How markets come, change and go."""
