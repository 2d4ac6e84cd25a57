"""Tests of pure code: no sockets, no sleeping."""
