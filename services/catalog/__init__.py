"""Knows which markets exist and which of them are followed.

Lists the exchange's markets over REST, hears `lifecycle` for what changes between two listings, and keeps the bucket
`markets`: one value per market with its metadata, its status and whether the gateway is to follow it. Runs the clock
that the exchange does not: it says `lifecycle` messages `opened` and `closed` (`source` is `clock`) when it is time.
Lets in only SERIES_TICKERS, if set. A market leaves when the exchange says that it is settled, never because a look-up
failed. Answers no requests.
"""
