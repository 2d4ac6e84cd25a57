"""Tests of kalshi-fanout."""
