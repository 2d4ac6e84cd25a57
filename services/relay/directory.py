"""Which markets there are: those that gateways name in their heartbeats. Pure."""

import msgspec

from proto.subjects import series_of
from proto.system import Heartbeat
from proto.units import Status
from shared.market.clock import Now
from shared.market.follower import GATEWAY_SILENCE_S

#: Markets of a gateway that has gone for good are listed, as stale, for this long.
FORGET_S = 60.0


class Listed(msgspec.Struct, frozen=True):
    """One market as `/api/markets` lists it."""

    ticker: str
    series: str
    status: Status


class Directory:
    """The markets by the gateway that named them last."""

    def __init__(self) -> None:
        self.lag_ms: float | None = None
        self._heard: dict[str, float] = {}
        self._owner: dict[str, str] = {}
        self._epochs: dict[str, int] = {}
        self._stale: set[str] = set()
        self._incomplete: set[str] = set()

    def __contains__(self, ticker: object) -> bool:
        return ticker in self._owner

    def heartbeat(self, beat: Heartbeat, now: Now) -> None:
        """Take a gateway's heads."""
        if beat.instance not in self._heard:
            self._incomplete.add(beat.instance)
        self._heard[beat.instance] = now.at
        self.lag_ms = max(0, now.ts - beat.sent_ts) / 1000
        taken = [ticker for ticker, (epoch, _) in beat.heads.items() if self._takes(ticker, epoch, beat.instance, now)]
        self._owner.update(dict.fromkeys(taken, beat.instance))
        self._epochs.update((ticker, beat.heads[ticker][0]) for ticker in taken)
        self._stale.difference_update(taken)
        self._stale.update(set(beat.stale).intersection(taken))
        for ticker in beat.gone:
            if self._owner.get(ticker) == beat.instance:
                del self._owner[ticker], self._epochs[ticker]
                self._stale.discard(ticker)
        if beat.instance in self._incomplete:
            named = sum(owner == beat.instance for owner in self._owner.values())
            if named >= beat.markets:
                self._incomplete.discard(beat.instance)

    def is_complete(self, now: Now) -> bool:
        """Whether every gateway that is heard has named all its markets, which takes a new one some heartbeats."""
        return not self.feed_lost(now) and not any(self._alive(instance, now) for instance in self._incomplete)

    def feed_lost(self, now: Now) -> bool:
        """Whether no gateway is heard."""
        return not any(self._alive(instance, now) for instance in self._heard)

    def markets(self, now: Now) -> list[Listed]:
        """Return every market, by ticker."""
        return [Listed(ticker, series_of(ticker), self._status(ticker, now)) for ticker in sorted(self._owner)]

    def prune(self, now: Now) -> None:
        """Forget gateways that were not heard for long, and their markets."""
        gone = {instance for instance, heard_at in self._heard.items() if now.at - heard_at > FORGET_S}
        if gone:
            self._heard = {instance: at for instance, at in self._heard.items() if instance not in gone}
            self._incomplete -= gone
            self._owner = {ticker: owner for ticker, owner in self._owner.items() if owner not in gone}
            self._epochs = {ticker: epoch for ticker, epoch in self._epochs.items() if ticker in self._owner}
            self._stale &= self._owner.keys()

    def _takes(self, ticker: str, epoch: int, instance: str, now: Now) -> bool:
        # A gateway that handed a market over, or slept meanwhile, goes on from an older epoch.
        owner = self._owner.get(ticker, instance)
        return owner == instance or not epoch or epoch >= self._epochs[ticker] or not self._alive(owner, now)

    def _alive(self, instance: str, now: Now) -> bool:
        return now.at - self._heard[instance] < GATEWAY_SILENCE_S

    def _status(self, ticker: str, now: Now) -> Status:
        return "live" if ticker not in self._stale and self._alive(self._owner[ticker], now) else "stale"
