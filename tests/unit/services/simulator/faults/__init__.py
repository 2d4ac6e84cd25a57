"""What the fault script does to a small exchange, without sockets."""
