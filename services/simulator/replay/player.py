"""Plays a capture against the clock."""

from collections.abc import Sequence
from math import inf

import msgspec

from services.simulator.feed.channels import Channel
from services.simulator.replay.capture import Capture, Step
from services.simulator.world.floor import Floor
from services.simulator.world.market import Market
from shared.market.clock import Now

#: Rest after a pass, whatever the speed, in which books can be compared.
REST_S = 2.0
#: Steps per turn: at high speed a capture is due all at once, and others want a turn too.
STEPS_PER_TURN = 500


class ReplayStatus(msgspec.Struct, frozen=True):
    """How far a capture has come; `played` counts frames of the current pass, or of the last one while resting."""

    capture: str
    frames: int
    played: int
    passes: int
    resting: bool
    markets: tuple[str, ...]


class Player:
    """Plays a capture pass after pass, with a rest of REST_S after each.

    It starts when a client first subscribes to one of its markets; the books of its first snapshots are there before.
    """

    def __init__(self, capture: Capture, floor: Floor, *, speed: float, loop: bool) -> None:
        self.capture = capture
        self.passes = 0
        self.played = 0
        self.resting = False
        self._floor = floor
        self._markets: list[Market] = [floor.world.markets[ticker] for ticker in capture.tickers]
        self._speed = speed
        self._loop = loop
        self._pass_at = inf
        self._rest_until = inf

    def status(self) -> ReplayStatus:
        """Return how far it has come."""
        return ReplayStatus(
            capture=self.capture.name,
            frames=len(self.capture.steps),
            played=self.played,
            passes=self.passes,
            resting=self.resting,
            markets=self.capture.tickers,
        )

    def next_at(self) -> float:
        """Return when there is something to play; infinity means never."""
        if self._pass_at == inf:
            return -inf if self._is_heard() else inf
        return self._rest_until if self.resting else self._due_at(self.played)

    def run(self, now: Now) -> None:
        """Play up to STEPS_PER_TURN steps whose time has come."""
        if self._pass_at == inf:
            self._pass_at = now.at
        for step in self.due(now.at, STEPS_PER_TURN):
            self._play(step, now.ts)

    def due(self, at: float, limit: int) -> Sequence[Step]:
        """Return up to `limit` steps whose time has come, and count them as played."""
        if self.next_at() > at:
            return ()
        if self.resting:
            self._pass_at, self.resting, self.played = at, False, 0
        first, frames = self.played, len(self.capture.steps)
        while self.played < min(frames, first + limit) and self._due_at(self.played) <= at:
            self.played += 1
        if self.played == frames:
            self.passes += 1
            self.resting = True
            self._rest_until = at + REST_S if self._loop else inf
        return self.capture.steps[first : self.played]

    def _play(self, step: Step, ts: int) -> None:
        if not step.ticker:
            self._floor.announce(step.kind, step.msg, step.channel, index=step.index)
            return
        market = self._floor.world.markets[step.ticker]
        match step.channel:
            case Channel.BOOK:
                self._play_book(market, step)
                if market.recorded_ticker is None:
                    self._floor.quote(market, ts)
            case Channel.TICKER:
                market.recorded_ticker = step.msg
                self._floor.tell(step.kind, step.msg, Channel.TICKER, market)
            case _:
                self._floor.tell(step.kind, step.msg, step.channel, market)

    def _play_book(self, market: Market, step: Step) -> None:
        if step.change is not None:
            market.book.apply(*step.change)
            self._floor.world.history.changed(market.ticker, *step.change)
        elif step.ladders is not None:
            self._floor.replace(market, *step.ladders)
        self._floor.tell_book(market, step.kind, step.msg, step.yes_scale_msg)

    def _is_heard(self) -> bool:
        everywhere = self._floor.world.everywhere
        # Tickers are derived from books that have none recorded.
        return any(everywhere[channel] for channel in self.capture.channels | {Channel.TICKER}) or any(
            market.is_heard() for market in self._markets
        )

    def _due_at(self, position: int) -> float:
        return self._pass_at + self.capture.steps[position].at / self._speed
