"""Tests of services/simulator/universe."""
