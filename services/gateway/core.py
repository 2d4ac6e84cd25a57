"""The gateway's decisions: sessions that come and go, wanted markets, heartbeats, requests. Pure."""

from collections.abc import Collection, Iterable, Mapping

from proto.requests import (
    Explain,
    ExplainReply,
    HeadsReply,
    Lease,
    LeaseReply,
    Resync,
    ResyncReply,
    TickerError,
)
from proto.subjects import Subjects
from proto.units import SECOND
from services.gateway import catalogue
from services.gateway.holding import HeldMarkets, Holders
from services.gateway.load import Load
from services.gateway.markets import Markets
from services.gateway.output import LineOutput, Output
from services.gateway.private import Private
from services.gateway.session import Session
from services.gateway.sharding import Connections, Shard
from services.gateway.subscriptions import LIFECYCLE
from services.gateway.universe import Universe
from shared.market.clock import Now
from shared.market.counts import Counts

HEARTBEAT_S = 1.0
NOT_FOLLOWED = 404
BAD_REQUEST = 400
ALONE = Shard()
#: What concerns the account, or no single market, comes by one connection alone.
ACCOUNT_LINE = 0
NOT_LET_IN = 403


class Gateway:
    """Everything the gateway knows; the shell feeds it and then does what `out` holds.

    Args:
        instance: this process's name on the bus, new at each start.
        tickers: the markets that the settings want.
        channels: the exchange's channels to subscribe to.
        subjects: the grammar of the bus.
        shard: which share of the markets is this process's.
        connections: over how many connections it spreads them.
        private: whether to tell of the account, too.
        series: the series that are let in; all if there are none.
    """

    def __init__(
        self,
        *,
        instance: str,
        tickers: Collection[str],
        channels: Iterable[str],
        subjects: Subjects,
        series: Collection[str] = (),
        shard: Shard = ALONE,
        connections: int = 1,
        private: bool = False,
    ) -> None:
        self.instance = instance
        self.out = Output()
        self.counts = Counts()
        self.markets = Markets(instance, subjects, self.out)
        self.connections = Connections(connections)
        self._holders = Holders(self.markets, self.connections)
        self._shard = shard
        own = LineOutput(self.out, ACCOUNT_LINE)
        self.private = Private(subjects, own, self.counts, enabled=private and shard.index == 0)
        self._channels = tuple(channels)
        self._subjects = subjects
        self._universe = Universe(tickers, series)
        self._note_rejected(tickers)
        self._sessions: dict[int, Session] = {}
        self._beat_at = 0.0

    @property
    def connected(self) -> bool:
        """Whether the exchange is heard at all."""
        return self.connections.any_up()

    def opened(self, now: Now, line: int = 0) -> None:
        """A connection was made: subscribe on it."""
        held = HeldMarkets(self._holders, line)
        out = LineOutput(self.out, line)
        private = self.private if line == ACCOUNT_LINE else None
        channels = self._channels_of(line)
        self._sessions[line] = Session(
            held, channels, self._subjects, out, self.counts, private=private, takes=self._universe.takes
        )
        self.connections.up(line, now.at)
        self._reconcile(now)
        if line == ACCOUNT_LINE:
            self.private.opened(now)

    def closed(self, reason: str, now: Now, line: int = 0) -> None:
        """A connection is gone: every book that it held is in doubt until the next snapshot."""
        self.counts.add("disconnects", reason)
        self._sessions.pop(line, None)
        self.connections.down(line, now.at)
        held = HeldMarkets(self._holders, line)
        held.stale(list(held), "disconnected", now.ts)
        self._holders.lost(line)
        if line == ACCOUNT_LINE:
            self.private.closed(now)

    def received(self, frame: bytes, now: Now, line: int = 0) -> None:
        """Take one frame of the exchange."""
        session = self._sessions.get(line)
        if session is not None:
            session.received(frame, now)
        if self._holders.awaited:
            awaited, self._holders.awaited = self._holders.awaited, []
            self._ask(awaited, now)

    def load(self, line: int = 0) -> Load:
        """Return what a connection carries."""
        session = self._sessions.get(line)
        return Load(0, 0) if session is None else session.load()

    def tick(self, now: Now) -> None:
        """Do what time asks for; to be called some ten times a second."""
        for session in list(self._sessions.values()):
            session.tick(now)
        self.private.tick(now)
        if now.at >= self._beat_at:
            self._beat_at = now.at + HEARTBEAT_S
            self.connections.review(now.at)
            self._reconcile(now)
            self.markets.heartbeat(now.ts, connected=self.connected, everything=False)

    def resync(self, request: Resync, now: Now) -> ResyncReply | None:
        """Take new snapshots; with a reason the books are marked stale until then. None if no market is ours."""
        if not self._answers(request.tickers):
            return None
        tickers = dict.fromkeys(request.tickers)
        known = [ticker for ticker in tickers if ticker in self.markets]
        unknown = [ticker for ticker in tickers if ticker not in self.markets and self._shard.owns(ticker)]
        self.counts.add("resyncs", request.reason or "none")
        if request.reason is not None:
            self.markets.stale(known, request.reason, now.ts)
        away = [ticker for ticker in known if self._holders.of(ticker) not in self._sessions]
        asked = away + self._ask(known, now)
        return ResyncReply(
            requested=tuple(asked),
            errors=tuple(TickerError(t, NOT_FOLLOWED, "this gateway does not follow it") for t in unknown),
        )

    def heads(self, now: Now) -> HeadsReply:
        """Publish the heads of all markets now."""
        counter = self.markets.next_counter
        self.markets.heartbeat(now.ts, connected=self.connected, everything=True)
        return HeadsReply(self.instance, len(self.markets), counter)

    def lease(self, request: Lease, now: Now) -> LeaseReply:
        """Follow markets for a client for a while."""
        rejected = [ticker for ticker in request.tickers if not self._universe.takes(ticker)]
        for _ in rejected:
            self.counts.add("rejected", "lease")
        allowed = [ticker for ticker in request.tickers if self._universe.takes(ticker)]
        tickers = self._universe.lease(request.client, allowed, now.at + request.ttl_s)
        self._reconcile(now)
        return LeaseReply(
            request.client,
            tickers,
            now.ts + request.ttl_s * SECOND,
            tuple(TickerError(t, NOT_LET_IN, "its series is not among SERIES_TICKERS") for t in rejected),
        )

    def release(self, request: Lease, now: Now) -> LeaseReply:
        """End a client's lease of markets."""
        tickers = self._universe.release(request.client, request.tickers)
        self._reconcile(now)
        return LeaseReply(request.client, tickers, None)

    def catalogued(self, values: Mapping[str, bytes | None], now: Now, *, whole: bool) -> None:
        """Take what the catalog's bucket holds, or what changed there; it takes effect within a second."""
        catalogue.take(self._universe, self.counts, values, whole=whole, at=now.at)

    def explain(self, request: Explain) -> ExplainReply | None:
        """Tell why a market is, or is not, followed; None if another process would follow it."""
        if not self._shard.owns(request.ticker):
            return None
        market = self.markets.get(request.ticker)
        session = self._sessions.get(self._holders.of(request.ticker))
        return ExplainReply(
            ticker=request.ticker,
            wanted_by=self._universe.wanted_by(request.ticker),
            subscribed=session is not None and session.subscribed(request.ticker),
            acknowledged=session is not None and session.acknowledged(request.ticker),
            status=None if market is None else "live" if market.reason is None else "stale",
            epoch=0 if market is None else market.epoch,
            seq=0 if market is None else market.seq,
            last_message_ts=None if market is None else market.message_ts,
            last_gap_ts=None if market is None else market.gap_ts,
            last_gap_reason=None if market is None else market.gap_reason,
        )

    def stop(self, now: Now) -> None:
        """Say, before the process ends, that nothing further will be true."""
        self.private.stop(now)
        self.markets.stale(list(self.markets), "disconnected", now.ts)
        self.markets.heartbeat(now.ts, connected=False, everything=False)

    def let_go(self, now: Now) -> None:
        """End all connections and wait for them as at the start: others may speak before they are made again."""
        for line in list(self._sessions):
            self.closed("stopped", now, line)
        self.connections.begin()

    def _note_rejected(self, tickers: Iterable[str]) -> None:
        rejected = [ticker for ticker in tickers if not self._universe.takes(ticker)]
        self.counts["rejected", "settings"] += len(rejected)
        if rejected:
            self.out.notes.append(
                f"MARKET_TICKERS not among SERIES_TICKERS, so not followed: {', '.join(rejected[:5])}"
            )

    def _reconcile(self, now: Now) -> None:
        wished = {ticker for ticker in self._universe.wanted(now.at) if self._shard.owns(ticker)}
        wanted = self.markets.unsettled(wished)
        for ticker in wanted - set(self.markets):
            self.markets.add(ticker)
        for ticker in set(self.markets) - wanted:
            self.markets.remove(ticker, now.ts)
            self._holders.forget(ticker)
        for line, session in self._sessions.items():
            session.want(self._holders.wanted(wanted, line), now)

    def _ask(self, tickers: Iterable[str], now: Now) -> list[str]:
        """Return the markets whose connections could be told to ask for their books."""
        tickers = list(tickers)
        asked: list[str] = []
        for line, session in self._sessions.items():
            asked += session.resync([ticker for ticker in tickers if self._holders.of(ticker) == line], now)
        return asked

    def _answers(self, tickers: Iterable[str]) -> bool:
        # One process answers for markets that nobody named.
        return any(map(self._shard.owns, tickers)) or (self._shard.index == 0 and not list(tickers))

    def _channels_of(self, line: int) -> list[str]:
        # What is about no single market comes by the first connection alone, or it would come several times.
        return [channel for channel in self._channels if line == 0 or channel != LIFECYCLE]
