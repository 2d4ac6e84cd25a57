"""Tests of services/simulator/account."""
