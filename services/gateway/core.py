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
from services.gateway.markets import Markets
from services.gateway.output import Output
from services.gateway.session import Session
from services.gateway.universe import Universe
from shared.market.clock import Now
from shared.market.counts import Counts

HEARTBEAT_S = 1.0
NOT_FOLLOWED = 404
BAD_REQUEST = 400
NOT_LET_IN = 403


class Gateway:
    """Everything the gateway knows; the shell feeds it and then does what `out` holds.

    Args:
        instance: this process's name on the bus, new at each start.
        tickers: the markets that the settings want.
        channels: the exchange's channels to subscribe to.
        subjects: the grammar of the bus.
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
    ) -> None:
        self.instance = instance
        self.out = Output()
        self.counts = Counts()
        self.markets = Markets(instance, subjects, self.out)
        self.connected = False
        self._channels = tuple(channels)
        self._subjects = subjects
        self._universe = Universe(tickers, series)
        self._note_rejected(tickers)
        self._session: Session | None = None
        self._beat_at = 0.0

    def opened(self, now: Now) -> None:
        """A connection was made: subscribe on it."""
        self._session = Session(
            self.markets, self._channels, self._subjects, self.out, self.counts, takes=self._universe.takes
        )
        self.connected = True
        self._reconcile(now)

    def closed(self, reason: str, now: Now) -> None:
        """The connection is gone: every book is in doubt until the next one."""
        self.counts.add("disconnects", reason)
        self._session = None
        self.connected = False
        self.markets.stale(list(self.markets), "disconnected", now.ts)

    def received(self, frame: bytes, now: Now) -> None:
        """Take one frame of the exchange."""
        if self._session is not None:
            self._session.received(frame, now)

    def tick(self, now: Now) -> None:
        """Do what time asks for; to be called some ten times a second."""
        if self._session is not None:
            self._session.tick(now)
        if now.at >= self._beat_at:
            self._beat_at = now.at + HEARTBEAT_S
            self._reconcile(now)
            self.markets.heartbeat(now.ts, connected=self.connected, everything=False)

    def resync(self, request: Resync, now: Now) -> ResyncReply:
        """Take new snapshots; with a reason the books are marked stale until then."""
        tickers = dict.fromkeys(request.tickers)
        known = [ticker for ticker in tickers if ticker in self.markets]
        unknown = [ticker for ticker in tickers if ticker not in self.markets]
        self.counts.add("resyncs", request.reason or "")
        if request.reason is not None:
            self.markets.stale(known, request.reason, now.ts)
        asked = self._session.resync(known, now) if self._session is not None else known
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

    def explain(self, request: Explain) -> ExplainReply:
        """Tell why a market is, or is not, followed."""
        market = self.markets.get(request.ticker)
        session = self._session
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
        self.markets.stale(list(self.markets), "disconnected", now.ts)
        self.markets.heartbeat(now.ts, connected=False, everything=False)

    def _note_rejected(self, tickers: Iterable[str]) -> None:
        rejected = [ticker for ticker in tickers if not self._universe.takes(ticker)]
        self.counts["rejected", "settings"] += len(rejected)
        if rejected:
            self.out.notes.append(
                f"MARKET_TICKERS not among SERIES_TICKERS, so not followed: {', '.join(rejected[:5])}"
            )

    def _reconcile(self, now: Now) -> None:
        wanted = self._universe.wanted(now.at)
        for ticker in wanted - set(self.markets):
            self.markets.add(ticker)
        for ticker in set(self.markets) - wanted:
            self.markets.remove(ticker, now.ts)
        if self._session is not None:
            self._session.want(wanted, now)
