"""What the source itself has to keep to."""
