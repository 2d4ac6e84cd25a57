"""Who does it: one folder per service; none imports another."""
