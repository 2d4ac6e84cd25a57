"""Tests of what the simulator trades."""
