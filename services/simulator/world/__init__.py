"""What is traded: series, events, markets, and how they come, change and go."""
