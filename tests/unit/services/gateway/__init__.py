"""Tests of the pure parts of the gateway."""
