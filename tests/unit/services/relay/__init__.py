"""Tests of the relay's core."""
