"""Tests of the simulator's folder replay."""
