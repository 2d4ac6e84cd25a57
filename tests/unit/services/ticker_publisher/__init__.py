"""Tests of the pure parts of the ticker publisher."""
