"""Tests with real sockets and programs."""
