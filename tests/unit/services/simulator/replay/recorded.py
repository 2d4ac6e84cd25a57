"""The capture files of the simulator and of the tests, and what a client makes of their frames."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from proto.units import Ladder
from services.simulator.replay.capture import Capture, parse
from shared.kalshi import normalise, wire
from shared.market.book import Book

_ROOT = Path(__file__).parents[5]
_FOLDERS = (_ROOT / "services/simulator/data", _ROOT / "tests/data/captures")

#: All capture files there are, and whether they were recorded with use_yes_price.
CAPTURES = {
    "kxbtc15m-2026-05-14.jsonl": False,
    "twelve-markets-2026-09-14.jsonl": False,
    "inxd-2023-08-31-morning-cents.jsonl.gz": False,
    "tickers-2026-02-12-transitional.jsonl": False,
    "trades-2026-02-12-transitional.jsonl": False,
    "demo-2026-06-11-no-scale.jsonl": False,
    "demo-2026-06-11-yes-scale.jsonl": True,
}


def recorded(name: str) -> bytes:
    """Return the bytes of a capture file."""
    return next(folder / name for folder in _FOLDERS if (folder / name).exists()).read_bytes()


@cache
def carried(name: str) -> Capture:
    """Return a capture, read on the scale on which it was recorded."""
    return parse(name, recorded(name), yes_scale=CAPTURES[name])


def rebuilt(frames: list[dict[str, Any]], *, yes_scale: bool) -> dict[str, tuple[Ladder, Ladder]]:
    """Return the books that a client has who heard these frames."""
    books: dict[str, Book] = {}
    for frame in frames:
        message = wire.decode(msgspec.json.encode(frame))
        if isinstance(message, wire.OrderbookSnapshot):
            book = books.setdefault(message.msg.market_ticker, Book())
            book.load(*normalise.ladders(message.msg, yes_scale=yes_scale))
        elif isinstance(message, wire.OrderbookDelta):
            books[message.msg.market_ticker].apply(*normalise.change(message.msg, yes_scale=yes_scale))
    return {ticker: (book.ladder("yes"), book.ladder("no")) for ticker, book in books.items()}
