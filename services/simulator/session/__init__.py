"""What a client and the exchange say to each other: commands, replies, subscriptions."""
