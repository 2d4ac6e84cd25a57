"""Tests of the shared packages."""
