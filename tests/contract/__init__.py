"""What is published matches what is said: generated files, examples, subjects."""
