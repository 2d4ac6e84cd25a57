"""Tests of the services' pure parts."""
