"""What to say when a market is not heard of."""

import difflib
from collections.abc import Collection

MOST = 5


def unheard(ticker: str, heard: Collection[str], waited_s: float) -> str:
    """Return what happened and what to do: nothing at all was heard, or only other markets."""
    if not heard:
        return (
            f"No gateway was heard within {waited_s:.0f} s: start one with `./run up`, or set NATS_URL and BUS_PREFIX"
            " to where it is."
        )
    similar = difflib.get_close_matches(ticker, heard, n=MOST, cutoff=0.3) or sorted(heard)[:MOST]
    return (
        f"{ticker} is not among the {len(heard)} markets that are followed: watch another, such as"
        f" {', '.join(similar)}, or add it to the gateway's MARKET_TICKERS."
    )
