"""What is listed at the start and what comes by the clock: recorded games, their copies, combos, rounds."""
