"""Views made from a replica: top, depth, ticker1s, image."""

from proto.market import Depth, SideStats, SummaryStats, Ticker1s, Top
from proto.requests import BookImage
from proto.units import CONTRACT, DOLLAR, SECOND
from shared.market.replica import Replica


def top(replica: Replica) -> Top:
    """Return the best two levels of both sides, the asks derived from the other side's bids."""
    yes, no = replica.book.yes, replica.book.no
    yes_bid, yes_bid_2 = yes.best_two()
    no_bid, no_bid_2 = no.best_two()
    yes_bid_qty = None if yes_bid is None else yes.levels[yes_bid]
    no_bid_qty = None if no_bid is None else no.levels[no_bid]
    return Top(
        ticker=replica.ticker,
        epoch=replica.epoch,
        seq=replica.seq,
        status=replica.status,
        exchange_ts=replica.exchange_ts,
        received_ts=replica.received_ts,
        yes_bid=yes_bid,
        yes_bid_qty=yes_bid_qty,
        yes_bid_2=yes_bid_2,
        yes_ask=_other(no_bid),
        yes_ask_qty=no_bid_qty,
        yes_ask_2=_other(no_bid_2),
        no_bid=no_bid,
        no_bid_qty=no_bid_qty,
        no_bid_2=no_bid_2,
        no_ask=_other(yes_bid),
        no_ask_qty=yes_bid_qty,
    )


def depth(replica: Replica) -> Depth:
    """Return the whole book."""
    return Depth(
        ticker=replica.ticker,
        epoch=replica.epoch,
        seq=replica.seq,
        status=replica.status,
        received_ts=replica.received_ts,
        yes=replica.book.yes.ladder(),
        no=replica.book.no.ladder(),
    )


def image(replica: Replica, levels: int = 0) -> BookImage:
    """Return the book as rpc.book.get tells it; levels 0 means all of them."""
    return BookImage(
        ticker=replica.ticker,
        epoch=replica.epoch,
        seq=replica.seq,
        status=replica.status,
        received_ts=replica.received_ts,
        yes=replica.book.yes.ladder(levels),
        no=replica.book.no.ladder(levels),
    )


def ticker1s(replica: Replica, now_ts: int) -> Ticker1s:
    """Return the second's summary in dollars and contracts; volume is all resting size on both ladders."""
    yes_bid, _ = replica.book.yes.best_two()
    no_bid, _ = replica.book.no.best_two()
    volume = (replica.book.yes.quantity + replica.book.no.quantity) / CONTRACT
    return Ticker1s(
        market_id=replica.ticker,
        platform="kalshi",
        status=replica.status,
        epoch=replica.epoch,
        seq=replica.seq,
        summary_stats=SummaryStats(
            yes=SideStats(bid=_dollars(yes_bid), ask=_dollars(_other(no_bid)), volume=volume),
            no=SideStats(bid=_dollars(no_bid), ask=_dollars(_other(yes_bid)), volume=volume),
        ),
        timestamp=now_ts / SECOND,
    )


def _other(price: int | None) -> int | None:
    return None if price is None else DOLLAR - price


def _dollars(price: int | None) -> float | None:
    return None if price is None else price / DOLLAR
