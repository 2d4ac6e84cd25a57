"""Tests of shared/kalshi/account."""
