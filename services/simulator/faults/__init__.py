"""What goes wrong on demand: the script, and what does it to connections, subscriptions, habits and the world."""
