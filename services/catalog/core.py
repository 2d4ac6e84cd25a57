"""The catalog's decisions: replies, lifecycle messages and time in; values, messages and requests out. Pure."""

from collections.abc import Mapping
from heapq import heappop, heappush

import msgspec
from msgspec.structs import replace

from proto.catalog import ListedMarket
from proto.market import Lifecycle
from proto.reading import UNREADABLE
from proto.subjects import Subjects, escape, unescape
from proto.units import SECOND
from services.catalog import lives
from services.catalog.discovery import Ask, Discovery
from services.catalog.universe import SETTLED, Universe
from shared.kalshi.rest import Listed
from shared.market.clock import Now
from shared.market.counts import Counts

#: A settled market stays in the bucket for so long, that its result can be read.
KEEP = 3600 * SECOND
#: A market that closed so long ago and that the exchange no longer shows has left its live lists.
GONE = 86_400 * SECOND
#: A market that is first seen so soon after it opened is said to have opened.
RECENT = 60 * SECOND

_stored = msgspec.json.Decoder(ListedMarket)


class Output(msgspec.Struct):
    """What is to be done: values to write by key (None deletes), messages to publish, sentences for the log."""

    writes: dict[str, bytes | None] = msgspec.field(default_factory=dict)
    publications: list[tuple[str, bytes]] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)

    def take(self) -> "Output":
        """Return what is here and leave nothing behind."""
        taken = Output(self.writes, self.publications, self.notes)
        self.writes, self.publications, self.notes = {}, [], []
        return taken


class Catalog:
    """Everything that is known of the markets that were let in; the shell does what `out` holds.

    Args:
        universe: what the operator wants.
        subjects: the grammar of the bus.
    """

    def __init__(self, universe: Universe, subjects: Subjects) -> None:
        self.out = Output()
        self.counts = Counts()
        self.markets: dict[str, ListedMarket] = {}
        self._universe = universe
        self._subjects = subjects
        self._discovery = Discovery(universe)
        #: When the exchange was last asked for what it showed of a market, and when a message told of it.
        self._shown_ts: dict[str, int] = {}
        self._heard_ts: dict[str, int] = {}
        self._clock: list[tuple[int, str]] = []
        self._planned: dict[str, int] = {}
        self._encode = msgspec.json.Encoder().encode

    @property
    def discovered(self) -> bool:
        """Whether the first full listing is done."""
        return self._discovery.swept

    def followed(self) -> int:
        """Return how many markets are followed."""
        return sum(market.followed for market in self.markets.values())

    def next_ask(self, now: Now) -> Ask | None:
        """Return what to ask the exchange now."""
        return self._discovery.next(now.at, now.ts)

    def ask_at(self) -> float:
        """Return when to ask again."""
        return self._discovery.wake_at()

    def clock_ts(self) -> int | None:
        """Return when `tick` has something to do, in microseconds since 1970."""
        return self._clock[0][0] if self._clock else None

    def answered(self, ask: Ask, listed: Listed, now: Now) -> None:
        """Take the answer to a request."""
        for problem in listed.problems:
            self.counts.add("unreadable_markets")
            self.out.notes.append(f"a listed market was not understood: {problem}")
        for market in listed.markets:
            self._shown(market, ask, now)
        if ask.tickers:
            self._looked_up(ask, {market.ticker for market in listed.markets}, now)
        if self._discovery.answered(ask, listed.cursor, now.at):
            self._look_up_missing(now)

    def refused(self, ask: Ask, now: Now) -> None:
        """Take note that the exchange will not answer a request; nothing is forgotten for that."""
        self.counts.add("refused_requests")
        self._discovery.refused(ask, now.at)

    def heard(self, message: Lifecycle, now: Now) -> None:
        """Take what the exchange said of a market; what our own clock said is known."""
        if message.source != "exchange" or self._rejects(message.ticker):
            return
        self.counts.add("lifecycle", message.event_type)
        known = self.markets.get(message.ticker)
        if known is not None:
            self._heard_ts[message.ticker] = now.ts
            self._put(lives.heard(known, message), now)
        elif message.event_type == "created":
            self._heard_ts[message.ticker] = now.ts
            self._put(lives.created(message), now)
        elif message.event_type == "settled":
            return  # one that nobody here knew
        self._discovery.look_up([message.ticker], now.at)

    def tick(self, now: Now) -> None:
        """Let open, close, join, leave and be forgotten what is due."""
        while self._clock and self._clock[0][0] <= now.ts:
            due_ts, ticker = heappop(self._clock)
            if self._planned.get(ticker) == due_ts:
                del self._planned[ticker]
                self._let_time_pass(ticker, now)

    def restored(self, stored: Mapping[str, bytes], now: Now) -> None:
        """Take what the bucket holds, at the start or after it was away: learn what is new, write what differs."""
        for key, value in stored.items():
            market = _read(key, value)
            if market is None or self._rejects(market.ticker, market.mve_collection_ticker):
                self.out.writes[key] = None
            elif market.ticker not in self.markets:
                self.markets[market.ticker] = market
                self._put(market, now)
        for ticker, market in self.markets.items():
            value = self._encode(market)
            if stored.get(escape(ticker)) != value:
                self.out.writes[escape(ticker)] = value

    def _shown(self, new: ListedMarket, ask: Ask, now: Now) -> None:
        if self._rejects(new.ticker, new.mve_collection_ticker):
            return
        known = self.markets.get(new.ticker)
        if known is None and new.status in SETTLED and not self._universe.keeps_settled():
            self.counts.add("rejected_status")
            return
        self._shown_ts[new.ticker] = ask.asked_ts
        # What was heard meanwhile is newer than what was asked for before.
        if ask.asked_ts > self._heard_ts.get(new.ticker, -1):
            self._put(lives.listed(known, new), now)

    def _looked_up(self, ask: Ask, found: set[str], now: Now) -> None:
        self._discovery.found(found)
        for ticker in ask.tickers:
            if ticker in found or not self._discovery.unfound(ticker, now.at):
                continue
            self.counts.add("unfound_markets")
            market = self.markets.get(ticker)
            if market is not None and market.close_ts is not None and market.close_ts + GONE < now.ts:
                self._forget(ticker)

    def _look_up_missing(self, now: Now) -> None:
        begun_ts = self._discovery.begun_ts
        missing = [
            ticker
            for ticker, market in self.markets.items()
            if market.status not in SETTLED and self._shown_ts.get(ticker, 0) < begun_ts
        ]
        self._discovery.look_up(missing, now.at)

    def _rejects(self, ticker: str, collection: str = "") -> bool:
        reason = self._universe.rejection(ticker, collection)
        if reason:
            self.counts.add(f"rejected_{reason}")
        return bool(reason)

    def _let_time_pass(self, ticker: str, now: Now) -> None:
        market = self.markets[ticker]
        forget_ts = self._forget_ts(market)
        if forget_ts is not None and forget_ts <= now.ts:
            self._forget(ticker)
            return
        status = market.status
        self._put(market, now)
        if self.markets[ticker].status != status:
            self._discovery.look_up([ticker], now.at)

    def _put(self, market: ListedMarket, now: Now) -> None:
        known = self.markets.get(market.ticker)
        market = lives.by_clock(market, now.ts)
        market = replace(market, followed=self._universe.follows(market, now.ts))
        if known is None:
            self.counts.add("markets_discovered")
        if known is None or replace(market, updated_ts=known.updated_ts) != known:
            market = replace(market, updated_ts=now.ts)
            self.markets[market.ticker] = market
            self.out.writes[escape(market.ticker)] = self._encode(market)
            self._say(_turn(known, market, now.ts), market, now.ts)
        self._plan(market.ticker, now.ts)

    def _say(self, event_type: str, market: ListedMarket, now_ts: int) -> None:
        if not event_type:
            return
        self.counts.add("clocked", event_type)
        message = Lifecycle(
            ticker=market.ticker,
            event_type=event_type,
            source="clock",
            exchange_ts=None,
            received_ts=now_ts,
            open_ts=market.open_ts,
            close_ts=market.close_ts,
            event_ticker=market.event_ticker,
        )
        self.out.publications.append((self._subjects.market("lifecycle", market.ticker), self._encode(message)))

    def _plan(self, ticker: str, now_ts: int) -> None:
        market = self.markets[ticker]
        moments = [*self._universe.moments(market)]
        forget_ts = self._forget_ts(market)
        if forget_ts is not None:
            moments.append(max(forget_ts, now_ts + 1))
        due_ts = min((moment for moment in moments if moment > now_ts), default=None)
        if due_ts is not None and self._planned.get(ticker) != due_ts:
            self._planned[ticker] = due_ts
            heappush(self._clock, (due_ts, ticker))

    def _forget_ts(self, market: ListedMarket) -> int | None:
        if market.status not in SETTLED or self._universe.keeps_settled():
            return None
        return (market.settled_ts or market.updated_ts) + KEEP

    def _forget(self, ticker: str) -> None:
        self.counts.add("markets_forgotten")
        del self.markets[ticker]
        self._shown_ts.pop(ticker, None)
        self._heard_ts.pop(ticker, None)
        self._planned.pop(ticker, None)
        self.out.writes[escape(ticker)] = None


def _turn(known: ListedMarket | None, market: ListedMarket, now_ts: int) -> str:
    if known is None:
        recent = market.open_ts is not None and now_ts - RECENT < market.open_ts <= now_ts
        return "opened" if recent and market.status == "active" else ""
    return lives.turn(known, market)


def _read(key: str, value: bytes) -> ListedMarket | None:
    try:
        market = _stored.decode(value)
        return market if unescape(key) == market.ticker else None
    except (*UNREADABLE, ValueError):
        return None
