"""How messages reach a client: channels, subscriptions, sequence numbers, and the clothes they wear."""
