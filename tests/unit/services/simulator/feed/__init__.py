"""Tests of the simulator's folder feed."""
