"""Tests of services/simulator/life."""
