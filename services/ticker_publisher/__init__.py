"""One summary per market per second, for people and screens.

Reads `book` and `sys.gateway`; says `ticker1s` for each market that changed, at most once per TICKER_INTERVAL, each
market at its own moment within the second, the last change never lost. A stale market says so.
"""
