"""Tests of the simulator's folder session."""
