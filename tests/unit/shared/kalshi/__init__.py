"""Tests of the exchange's language."""
