"""The order flow of a made-up crowd, with the habits of recorded ones."""
