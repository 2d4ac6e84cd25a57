"""One connection's conversation with the exchange: frames and time in; commands and bus messages out.

Nothing survives a connection: sids, sequence numbers and acknowledgements belong to one `Session`. A hole in the
sequence of the book channel makes every market of it stale, for nothing tells which market lost a message; then each is
asked for again with `get_snapshot`. What does not come is asked for once more; then the connection is given up, unless
other books are live.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from proto.subjects import Subjects
from proto.units import StaleReason
from services.gateway.markets import Markets
from services.gateway.output import Output
from services.gateway.sequence import Order
from services.gateway.subscriptions import BOOK, LIFECYCLE, Subscription, Subscriptions
from shared.kalshi import normalise, wire
from shared.kalshi.errors import Malformed
from shared.market.clock import Now
from shared.market.counts import Counts

SNAPSHOT_TIMEOUT_S = 3.0
SNAPSHOT_ATTEMPTS = 2
#: A book that can not be understood, or that alone does not come, is asked for again after this time.
ODD_PAUSE_S = 30.0
#: Errors after which a subscription says nothing more.
TERMINAL_ERRORS = frozenset({10, 25})


class _Repair:
    """A book that is on its way: when to act if it does not come, and how often it was asked for."""

    __slots__ = ("at", "attempts")

    def __init__(self, at: float) -> None:
        self.at = at
        self.attempts = 0


class Session:
    """Lives as long as its connection.

    Args:
        markets: the bus side, shared with the sessions before and after this one.
        channels: what to subscribe to.
        subjects: where other messages than books are published.
        out: takes what is to be done.
        counts: takes what is counted.
        takes: whether a ticker's series is let in; what is said of others is dropped.
    """

    def __init__(
        self,
        markets: Markets,
        channels: Iterable[str],
        subjects: Subjects,
        out: Output,
        counts: Counts,
        *,
        takes: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._markets = markets
        self._subjects = subjects
        self._out = out
        self._counts = counts
        self._takes_series = takes
        self._subscriptions = Subscriptions(channels, out.send)
        self._wanted: set[str] = set()
        self._repairs: dict[str, _Repair] = {}
        self._snapshot_at = 0.0
        self._noted: set[str] = set()
        self._encode = msgspec.json.Encoder().encode
        self._handlers: dict[type, Callable[[Any, Now], None]] = {
            wire.OrderbookDelta: self._delta,
            wire.OrderbookSnapshot: self._snapshot,
            wire.Ticker: self._ticker,
            wire.Trade: self._trade,
            wire.MarketLifecycle: self._lifecycle,
            wire.EventLifecycle: self._event,
            wire.EventFeeUpdate: self._fee,
            wire.Subscribed: self._subscribed,
            wire.Unsubscribed: self._unsubscribed,
            wire.Ok: self._ok,
            wire.Error: self._error,
        }

    def received(self, frame: bytes, now: Now) -> None:
        """Take one frame of the exchange."""
        try:
            message = wire.decode(frame)
        except Malformed as error:
            self._quarantine(frame, error)
            self._skip(error, now)
            return
        self._counts.add("frames", str(type(message).__struct_config__.tag))
        try:
            self._handlers[type(message)](message, now)
        except Malformed as error:
            self._quarantine(frame, error)
            if isinstance(message, (wire.OrderbookDelta, wire.OrderbookSnapshot)):
                self._unreadable(message, now)

    def want(self, tickers: set[str], now: Now) -> None:
        """Follow these markets and no others."""
        self._wanted = tickers
        self._subscriptions.want(tickers, now.at)
        for ticker in self._repairs.keys() - tickers:
            del self._repairs[ticker]
        book = self._subscriptions.book
        for ticker in book.held if book is not None else ():
            # Subscribing brings a snapshot unasked; one that does not come is asked for.
            market = self._markets.get(ticker)
            if market is not None and market.reason is not None and ticker not in self._repairs:
                self._repairs[ticker] = _Repair(now.at + SNAPSHOT_TIMEOUT_S)

    def resync(self, tickers: Iterable[str], now: Now) -> list[str]:
        """Ask for new snapshots of the held markets among these and return which they are."""
        book = self._subscriptions.book
        wanted = [ticker for ticker in tickers if book is not None and ticker in book.held]
        self._ask([ticker for ticker in wanted if ticker not in self._repairs], now)
        return wanted

    def subscribed(self, ticker: str) -> bool:
        """Whether the book of a market was asked for."""
        book = self._subscriptions.book
        return book is not None and ticker in book.held

    def acknowledged(self, ticker: str) -> bool:
        """Whether the exchange has confirmed it."""
        return self._subscriptions.acknowledged(ticker)

    def tick(self, now: Now) -> None:
        """Ask again for books that have not come, and give the connection up if no book is live at all."""
        # While snapshots come in, the others are only waiting for their turn.
        patience = self._snapshot_at + SNAPSHOT_TIMEOUT_S
        late = [ticker for ticker, repair in self._repairs.items() if max(repair.at, patience) <= now.at]
        failed = {ticker for ticker in late if self._repairs[ticker].attempts >= SNAPSHOT_ATTEMPTS}
        if failed and self._markets.stale_count() == len(self._markets):
            self._out.drop = "repair_failed"
            return
        if failed:
            self._set_aside(failed, now)
        self._ask([ticker for ticker in late if ticker not in failed], now)

    def _set_aside(self, tickers: set[str], now: Now) -> None:
        # Other books are live: the connection is well, and to replace it would only make them stale too.
        self._repairs.update({ticker: _Repair(now.at + ODD_PAUSE_S) for ticker in tickers})
        some = ", ".join(sorted(tickers)[:3])
        self._out.notes.append(
            f"the exchange sends no book of {len(tickers)} markets ({some}): asking again in {ODD_PAUSE_S:.0f} s"
        )

    def _ask(self, tickers: list[str], now: Now) -> None:
        for ticker in tickers:
            repair = self._repairs.setdefault(ticker, _Repair(now.at))
            repair.attempts += 1
            repair.at = now.at + SNAPSHOT_TIMEOUT_S
        self._subscriptions.ask_snapshots(tickers)

    def _delta(self, frame: wire.OrderbookDelta, now: Now) -> None:
        if not self._takes(BOOK, frame.sid, frame.seq, now):
            return
        market = self._markets.get(frame.msg.market_ticker)
        # A change of a market that is not followed, or whose book is on its way, has still advanced the sequence.
        if market is not None and market.reason is None:
            self._markets.delta(
                market,
                normalise.change(frame.msg, yes_scale=True),
                exchange_ts=normalise.exchange_ts(frame.msg),
                exchange_seq=frame.seq,
                received_ts=now.ts,
            )

    def _snapshot(self, frame: wire.OrderbookSnapshot, now: Now) -> None:
        ticker = frame.msg.market_ticker
        self._subscriptions.answered(frame.id)
        if self._takes(BOOK, frame.sid, frame.seq, now) and ticker in self._markets:
            yes, no = normalise.ladders(frame.msg, yes_scale=True)
            self._repairs.pop(ticker, None)
            self._snapshot_at = now.at
            self._markets.snapshot(ticker, yes, no, exchange_seq=frame.seq, received_ts=now.ts)

    def _ticker(self, frame: wire.Ticker, now: Now) -> None:
        if self._subscriptions.of("ticker", frame.sid) is not None:
            self._publish("ticker", frame.msg.market_ticker, normalise.ticker(frame.msg, now.ts))

    def _trade(self, frame: wire.Trade, now: Now) -> None:
        if self._takes("trade", frame.sid, frame.seq, now):
            self._publish("trade", frame.msg.market_ticker, normalise.trade(frame.msg, now.ts))

    def _lifecycle(self, frame: wire.MarketLifecycle, now: Now) -> None:
        if self._takes(LIFECYCLE, frame.sid, frame.seq, now):
            self._publish("lifecycle", frame.msg.market_ticker, normalise.lifecycle(frame.msg, now.ts))

    def _event(self, frame: wire.EventLifecycle, now: Now) -> None:
        if self._takes(LIFECYCLE, frame.sid, frame.seq, now):
            self._publish("event", frame.msg.event_ticker, normalise.event(frame.msg, now.ts))

    def _fee(self, frame: wire.EventFeeUpdate, now: Now) -> None:
        # The bus carries no fees; the frame is still one of the sequence.
        self._takes(LIFECYCLE, frame.sid, frame.seq, now)

    def _subscribed(self, frame: wire.Subscribed, now: Now) -> None:
        self._subscriptions.opened(frame.msg.channel, frame.msg.sid, frame.id)
        self.want(self._wanted, now)

    def _ok(self, frame: wire.Ok, now: Now) -> None:
        self._subscriptions.answered(frame.id)
        self._control(self._subscriptions.by_sid(frame.sid), frame.seq, now)

    def _unsubscribed(self, frame: wire.Unsubscribed, now: Now) -> None:
        # We never unsubscribe a whole channel, so this was the exchange's doing and the channel is dead.
        self._lost(self._subscriptions.by_sid(frame.sid), "unsolicited_unsubscribed", now)

    def _error(self, frame: wire.Error, now: Now) -> None:
        self._counts.add("exchange_errors", str(frame.msg.code))
        subscription = self._subscriptions.by_sid(frame.sid)
        if frame.msg.code in TERMINAL_ERRORS:
            self._lost(subscription, f"error_{frame.msg.code}", now)
            return
        self._control(subscription, frame.seq, now)
        named = [*(frame.msg.market_tickers or ()), *([frame.msg.market_ticker] if frame.msg.market_ticker else ())]
        refused = self._subscriptions.refuse(frame.id, named, now.at)
        self._out.notes.append(f"the exchange refused {refused}: error {frame.msg.code}, {frame.msg.msg}")
        # What is not subscribed to any longer would stay live without changing.
        self._markets.stale([t for t in self._markets if not self.subscribed(t)], "exchange_error", now.ts)

    def _takes(self, channel: str, sid: int, seq: int | None, now: Now) -> bool:
        subscription = self._subscriptions.of(channel, sid)
        if subscription is None:
            return False
        order = Order.NEXT if seq is None else subscription.sequence.data(seq)
        if order is Order.HOLE:
            self._doubt_all(subscription, "gap", now)
        elif order is Order.REPEATED:
            self._counts.add("repeated_frames")
        return order is not Order.REPEATED

    def _control(self, subscription: Subscription | None, seq: int | None, now: Now) -> None:
        if subscription is not None and subscription.sequence.control(seq) is Order.HOLE:
            self._doubt_all(subscription, "gap", now)

    def _doubt_all(self, subscription: Subscription, reason: StaleReason, now: Now) -> None:
        self._counts.add("gaps", subscription.channel)
        if subscription.channel == BOOK:
            held = sorted(subscription.held)
            self._markets.stale(held, reason, now.ts)
            self._repairs.clear()
            self._ask(held, now)

    def _lost(self, subscription: Subscription | None, why: str, now: Now) -> None:
        if subscription is None or subscription.channel == BOOK:
            self._markets.stale(list(self._markets), "exchange_error", now.ts)
        self._out.drop = why

    def _skip(self, error: Malformed, now: Now) -> None:
        # A frame we can not read still has its place in the sequence; what it said of a book is lost.
        subscription = self._subscriptions.by_sid(error.sid)
        if subscription is None or error.seq is None:
            return
        hole = subscription.sequence.data(error.seq) is Order.HOLE
        if hole or error.reason != "unknown_type":
            self._doubt_all(subscription, "gap" if hole else "exchange_error", now)

    def _unreadable(self, frame: wire.OrderbookDelta | wire.OrderbookSnapshot, now: Now) -> None:
        ticker = frame.msg.market_ticker
        self._markets.stale([ticker], "exchange_error", now.ts)
        if isinstance(frame, wire.OrderbookSnapshot):
            self._repairs[ticker] = _Repair(now.at + ODD_PAUSE_S)
        elif ticker not in self._repairs:
            self._ask([ticker], now)

    def _quarantine(self, frame: bytes, error: Malformed) -> None:
        self._counts.add("quarantined", error.reason)
        subject = self._subjects.quarantine(error.reason)
        self._out.publications.append((subject, frame))
        if error.reason not in self._noted:
            self._noted.add(error.reason)
            self._out.notes.append(
                f"a frame was not understood ({error}): it is on {subject}, as are further ones;"
                " if they go on, the exchange has changed its protocol and this gateway needs an update"
            )

    def _publish(self, kind: str, ticker: str, message: msgspec.Struct) -> None:
        if not self._takes_series(ticker):
            self._counts.add("rejected", kind)
            return
        self._out.publications.append((self._subjects.market(kind, ticker), self._encode(message)))
