"""Pure market logic: books, continuity, following, conflation, summaries, backoff."""
