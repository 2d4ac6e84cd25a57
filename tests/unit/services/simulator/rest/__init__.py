"""Tests of what the simulator answers over REST."""
