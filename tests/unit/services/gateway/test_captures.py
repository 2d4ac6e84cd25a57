"""The exchange's own frames, through the whole core, give the books that plain decimal arithmetic gives."""

import json
from decimal import Decimal
from typing import Any

import pytest

from proto.book import Delta, Snapshot, Stale
from proto.market import Ticker, Trade
from proto.units import CONTRACT, DOLLAR
from shared.market.replica import Replica
from tests.unit.services.gateway.harness import Bench
from tests.unit.shared.kalshi.captures import frames

Levels = dict[Decimal, Decimal]


class Ledger:
    """The books of a capture by decimals: (ticker, side) → price on the side's own scale → quantity."""

    def __init__(self) -> None:
        self.books: dict[tuple[str, str], Levels] = {}

    def take(self, frame: dict[str, Any]) -> None:
        """Take a snapshot or a delta in either form; others say nothing about books."""
        msg = frame["msg"]
        if frame["type"] == "orderbook_snapshot":
            for side in ("yes", "no"):
                self.books[msg["market_ticker"], side] = dict(_levels(msg, side))
        elif frame["type"] == "orderbook_delta":
            levels = self.books[msg["market_ticker"], msg["side"]]
            legacy = "price_dollars" not in msg
            price = _price(str(msg["price"] if legacy else msg["price_dollars"]), msg["side"], legacy=legacy)
            quantity = levels.pop(price, Decimal(0)) + Decimal(str(msg["delta"] if legacy else msg["delta_fp"]))
            if quantity:
                levels[price] = quantity


def _levels(msg: dict[str, Any], side: str) -> list[tuple[Decimal, Decimal]]:
    legacy = not {"yes_dollars_fp", "no_dollars_fp"} & msg.keys()
    pairs = msg.get(side if legacy else f"{side}_dollars_fp", [])
    return [(_price(str(price), side, legacy=legacy), Decimal(str(quantity))) for price, quantity in pairs]


def _price(text: str, side: str, *, legacy: bool) -> Decimal:
    if legacy:
        return Decimal(text) / 100
    return 1 - Decimal(text) if side == "no" else Decimal(text)


def _held(replica: Replica) -> dict[tuple[str, str], Levels]:
    sides = (("yes", replica.book.yes), ("no", replica.book.no))
    return {
        (replica.ticker, name): {Decimal(p) / DOLLAR: Decimal(q) / CONTRACT for p, q in side.levels.items()}
        for name, side in sides
    }


@pytest.mark.parametrize(
    ("name", "markets", "changes", "compare_every"),
    [
        ("kxbtc15m-2026-05-14.jsonl", 1, 167, 1),
        ("twelve-markets-2026-09-14.jsonl", 12, 20, 1),
        ("demo-2026-06-11-yes-scale.jsonl", 1, 2, 1),
        ("inxd-2023-08-31-morning-cents.jsonl.gz", 1, 19_995, 500),
    ],
)
def test_books_equal_decimal_arithmetic(name: str, markets: int, changes: int, compare_every: int) -> None:
    """After every frame of a capture, what a consumer of the bus holds is what decimals add up to; nothing is stale."""
    captured = [(frame, json.loads(frame)) for frame in frames(name)]
    tickers = {parsed["msg"]["market_ticker"] for _, parsed in captured if "market_ticker" in parsed["msg"]}
    bench, ledger, replicas, deltas = Bench(*tickers), Ledger(), {ticker: Replica(ticker) for ticker in tickers}, 0
    bench.open()
    for number, (frame, parsed) in enumerate(captured, 1):
        ledger.take(parsed)
        done = bench.give(frame)
        assert (done.quarantined, done.stale) == ([], {})
        for message in done.books:
            assert not isinstance(message, Stale)
            replica = replicas[message.ticker]
            verdict = replica.delta(message) if isinstance(message, Delta) else replica.snapshot(message)
            assert verdict.value == "take"
            deltas += isinstance(message, Delta)
        if number % compare_every == 0 or number == len(captured):
            held = {
                key: levels for replica in replicas.values() if replica.epoch for key, levels in _held(replica).items()
            }
            assert held == ledger.books
    assert (len(tickers), deltas) == (markets, changes)
    assert all(replica.status == "live" for replica in replicas.values())


def test_captured_snapshots_are_best_first() -> None:
    """A captured book is told with the best level first on both sides, and uncrossed."""
    [snapshot] = _snapshots("demo-2026-06-11-yes-scale.jsonl")
    assert (snapshot.yes, snapshot.no) == (((4700, 300),), ((4800, 100),))
    for snapshot in _snapshots("twelve-markets-2026-09-14.jsonl"):
        for ladder in (snapshot.yes, snapshot.no):
            assert list(ladder) == sorted(ladder, reverse=True)


def test_captured_tickers_and_trades_are_told() -> None:
    """Frames with old and new members side by side are told once each, in the bus's units."""
    bench = Bench("KXA-1", channels=("orderbook_delta", "ticker", "trade"))
    bench.open()
    tickers = bench.give(*frames("tickers-2026-02-12-transitional.jsonl")).said
    trades = bench.give(*frames("trades-2026-02-12-transitional.jsonl"))
    assert [type(message) for message in tickers] == [Ticker] * 10
    assert [type(message) for message in trades.said] == [Trade] * 10
    first = trades.said[0]
    assert isinstance(first, Trade)
    assert (first.yes_price, first.no_price, first.qty, first.taker_side) == (7700, 2300, 7500, "yes")
    assert trades.stale == {}


def _snapshots(name: str) -> list[Snapshot]:
    captured = frames(name)
    tickers = {json.loads(frame)["msg"].get("market_ticker", "") for frame in captured} - {""}
    bench = Bench(*tickers)
    bench.open()
    return [message for message in bench.give(*captured).books if isinstance(message, Snapshot)]
