"""Captures of the real exchange, played again."""
