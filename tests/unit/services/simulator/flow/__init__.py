"""The crowd: what it does to books, when, and how close that is to the recordings."""
