"""One connection's conversation with the exchange: frames and time in; commands and bus messages out.

Nothing survives a connection: sids, sequence numbers and acknowledgements belong to one `Session`. A hole in the
sequence of the book channel makes every market of it stale, for nothing tells which market lost a message; to bring
them back is the duty of its `Recovery`.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from proto.subjects import Subjects
from proto.units import SECOND
from services.gateway.holding import HeldMarkets
from services.gateway.load import Load
from services.gateway.measures import EXCHANGE_HOP, sent_ts
from services.gateway.output import LineOutput
from services.gateway.private import Private
from services.gateway.recovery import Recovery
from services.gateway.sequence import Order
from services.gateway.subscriptions import BOOK, LIFECYCLE, Subscription, Subscriptions
from shared.kalshi import normalise, wire
from shared.kalshi.errors import Malformed
from shared.market.clock import Now
from shared.market.counts import Counts

#: Errors after which a subscription says nothing more.
TERMINAL_ERRORS = frozenset({10, 25})


class Session:
    """Lives as long as its connection.

    Args:
        markets: the bus side, shared with the sessions before and after this one.
        channels: what to subscribe to.
        subjects: where other messages than books are published.
        out: takes what is to be done.
        counts: takes what is counted.
        private: takes what concerns the account, before anything else does.
        takes: whether a ticker's series is let in; what is said of others is dropped.
    """

    def __init__(
        self,
        markets: HeldMarkets,
        channels: Iterable[str],
        subjects: Subjects,
        out: LineOutput,
        counts: Counts,
        *,
        private: Private | None,
        takes: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._markets = markets
        self._private = private
        self._subjects = subjects
        self._out = out
        self._counts = counts
        self._takes_series = takes
        self._subscriptions = Subscriptions(channels, out.send)
        self._recovery = Recovery(self._subscriptions, markets, out, counts)
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
        if self._subscriptions.hears(LIFECYCLE):
            # Nothing tells which pauses have ended since the last connection.
            markets.resume(list(markets))

    def received(self, frame: bytes, now: Now) -> None:
        """Take one frame of the exchange."""
        self._recovery.heard(now.at)
        try:
            message = wire.decode(frame)
        except Malformed as error:
            if self._private is not None and self._private.owns(error):
                self._private.quarantine(frame, error, now)
                return
            self._quarantine(frame, error)
            self._skip(error, now)
            return
        self._counts.add("frames", str(type(message).__struct_config__.tag))
        sent = sent_ts(message)
        if sent is not None:
            self._out.timed(EXCHANGE_HOP, (now.ts - sent) / SECOND)
        if self._private is not None:
            try:
                if self._private.takes(message, now):
                    return
            except Malformed as error:
                self._private.quarantine(frame, error, now)
                return
        try:
            self._handlers[type(message)](message, now)
        except Malformed as error:
            self._quarantine(frame, error)
            if isinstance(message, (wire.OrderbookDelta, wire.OrderbookSnapshot)):
                self._unreadable(message, now)

    def want(self, tickers: set[str], now: Now) -> None:
        """Follow these markets and no others."""
        self._recovery.want(tickers, now)

    def resync(self, tickers: Iterable[str], now: Now) -> list[str]:
        """Ask for new snapshots of the held markets among these and return which they are."""
        held = [ticker for ticker in tickers if self.subscribed(ticker)]
        self._recovery.ask(held, now)
        return held

    def subscribed(self, ticker: str) -> bool:
        """Whether the book of a market was asked for."""
        book = self._subscriptions.book
        return book is not None and ticker in book.held

    def acknowledged(self, ticker: str) -> bool:
        """Whether the exchange has confirmed it."""
        return self._subscriptions.acknowledged(ticker)

    def load(self) -> Load:
        """Return what the connection carries."""
        return self._subscriptions.load()

    def tick(self, now: Now) -> None:
        """Do what time asks for."""
        self._recovery.tick(now)

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
            self._markets.snapshot(ticker, yes, no, exchange_seq=frame.seq, received_ts=now.ts)
            self._recovery.came(ticker, now)

    def _ticker(self, frame: wire.Ticker, now: Now) -> None:
        if self._subscriptions.of("ticker", frame.sid) is not None:
            self._publish("ticker", frame.msg.market_ticker, normalise.ticker(frame.msg, now.ts))

    def _trade(self, frame: wire.Trade, now: Now) -> None:
        if self._takes("trade", frame.sid, frame.seq, now):
            self._publish("trade", frame.msg.market_ticker, normalise.trade(frame.msg, now.ts))

    def _lifecycle(self, frame: wire.MarketLifecycle, now: Now) -> None:
        if self._takes(LIFECYCLE, frame.sid, frame.seq, now):
            self._publish("lifecycle", frame.msg.market_ticker, normalise.lifecycle(frame.msg, now.ts))
            self._heed(frame.msg.market_ticker, frame.msg.event_type, now)

    def _heed(self, ticker: str, event_type: str, now: Now) -> None:
        if event_type == "settled" and ticker in self._markets:
            self._markets.settle(ticker, now.ts)
            self.want(self._recovery.wanted - {ticker}, now)
        elif event_type == "deactivated":
            self._markets.pause(ticker, now.ts)
        elif event_type == "activated":
            self.resync(self._markets.resume([ticker]), now)

    def _event(self, frame: wire.EventLifecycle, now: Now) -> None:
        if self._takes(LIFECYCLE, frame.sid, frame.seq, now):
            self._publish("event", frame.msg.event_ticker, normalise.event(frame.msg, now.ts))

    def _fee(self, frame: wire.EventFeeUpdate, now: Now) -> None:
        # The bus carries no fees; the frame is still one of the sequence.
        self._takes(LIFECYCLE, frame.sid, frame.seq, now)

    def _subscribed(self, frame: wire.Subscribed, now: Now) -> None:
        self._subscriptions.opened(frame.msg.channel, frame.msg.sid, frame.id)
        self._recovery.again(now)

    def _ok(self, frame: wire.Ok, now: Now) -> None:
        merged = self._subscriptions.merged(frame.id, frame.sid)
        if merged is not None:
            self._recovery.merged(merged, now)
            return
        self._subscriptions.answered(frame.id)
        self._control(self._subscriptions.by_sid(frame.sid), frame.seq, now)

    def _unsubscribed(self, frame: wire.Unsubscribed, now: Now) -> None:
        subscription = self._subscriptions.by_sid(frame.sid)
        if subscription is not None:
            self._counts.add("unsolicited_unsubscribed", subscription.channel)
            self._recovery.lose(subscription, "exchange_error", now, dead=True)
        elif self._subscriptions.confirm_end(frame.sid, frame.id):
            self._recovery.again(now)

    def _error(self, frame: wire.Error, now: Now) -> None:
        self._counts.add("exchange_errors", str(frame.msg.code))
        subscription = self._subscriptions.by_sid(frame.sid)
        if frame.msg.code in TERMINAL_ERRORS:
            self._end(subscription, frame, now)
            return
        self._control(subscription, frame.seq, now)
        named = [*(frame.msg.market_tickers or ()), *([frame.msg.market_ticker] if frame.msg.market_ticker else ())]
        refused = self._subscriptions.refuse(frame.id, named, now.at)
        self._out.note(f"the exchange refused {refused}: error {frame.msg.code}, {frame.msg.msg}")
        # What is not subscribed to any longer would stay live without changing.
        self._markets.stale([t for t in self._recovery.wanted if not self.subscribed(t)], "exchange_error", now.ts)

    def _takes(self, channel: str, sid: int, seq: int | None, now: Now) -> bool:
        subscription = self._subscriptions.of(channel, sid)
        if subscription is None:
            return False
        order = Order.NEXT if seq is None else subscription.sequence.data(seq)
        if order is Order.HOLE:
            self._recovery.lose(subscription, "gap", now)
        elif order is Order.REPEATED:
            self._counts.add("repeated_frames")
        # A loss may have been the end of the subscription, and then nothing would go on from this frame.
        return order is not Order.REPEATED and self._subscriptions.by_sid(sid) is subscription

    def _control(self, subscription: Subscription | None, seq: int | None, now: Now) -> None:
        if subscription is not None and subscription.sequence.control(seq) is Order.HOLE:
            self._recovery.lose(subscription, "gap", now)

    def _end(self, subscription: Subscription | None, frame: wire.Error, now: Now) -> None:
        if subscription is not None:
            self._recovery.lose(subscription, "exchange_error", now, dead=True)
        elif not self._subscriptions.has_ended(frame.sid):
            # Nothing tells what has ended.
            book = self._subscriptions.book
            self._markets.stale(sorted(book.held) if book is not None else (), "exchange_error", now.ts)
            self._out.drop(f"error_{frame.msg.code}")

    def _skip(self, error: Malformed, now: Now) -> None:
        # A frame we can not read still has its place in the sequence; what it said of a book is lost.
        subscription = self._subscriptions.by_sid(error.sid)
        if subscription is None or error.seq is None:
            return
        hole = subscription.sequence.data(error.seq) is Order.HOLE
        if hole or error.reason != "unknown_type":
            self._recovery.lose(subscription, "gap" if hole else "exchange_error", now)

    def _unreadable(self, frame: wire.OrderbookDelta | wire.OrderbookSnapshot, now: Now) -> None:
        ticker = frame.msg.market_ticker
        self._markets.stale([ticker], "exchange_error", now.ts)
        if isinstance(frame, wire.OrderbookSnapshot):
            self._recovery.set_aside([ticker], now)
        else:
            self.resync([ticker], now)

    def _quarantine(self, frame: bytes, error: Malformed) -> None:
        self._counts.add("quarantined", error.reason)
        subject = self._subjects.quarantine(error.reason)
        self._out.publish(subject, frame)
        if error.reason not in self._noted:
            self._noted.add(error.reason)
            self._out.note(
                f"a frame was not understood ({error}): it is on {subject}, as are further ones;"
                " if they go on, the exchange has changed its protocol and this gateway needs an update"
            )

    def _publish(self, kind: str, ticker: str, message: msgspec.Struct) -> None:
        if not self._takes_series(ticker):
            self._counts.add("rejected", kind)
            return
        self._out.publish(self._subjects.market(kind, ticker), self._encode(message))
