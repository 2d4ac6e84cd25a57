"""The whole pipeline, from the exchange to what a user sees."""
