"""Tests of the pure parts of the book builder."""
