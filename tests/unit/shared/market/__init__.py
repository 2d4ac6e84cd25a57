"""Tests of books, continuity, following, pacing and summaries."""
