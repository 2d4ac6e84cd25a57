"""Tests of the runtime's parts that need neither socket nor clock."""
