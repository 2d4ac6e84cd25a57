"""The exchange: its markets, the captures that move them, and the sessions that are told."""

from collections.abc import Sequence
from math import inf

import msgspec

from services.simulator.errors import BadCapture
from services.simulator.market import Market
from services.simulator.player import Player
from services.simulator.replay import Capture, Step, play
from services.simulator.session import Session
from services.simulator.subscription import Channel
from shared.market.clock import Now

#: Steps per turn: at high speed a capture is due all at once, and others want a turn too.
STEPS_PER_TURN = 500


class Outgoing(msgspec.Struct, frozen=True):
    """What a turn produced, and when the next is due; infinity means not before a client says something."""

    frames: list[tuple[Session, list[bytes]]]
    wake_at: float


class ReplayStatus(msgspec.Struct, frozen=True):
    """How far a capture has come; `played` counts frames of the current pass, or of the last one while resting."""

    capture: str
    frames: int
    played: int
    passes: int
    resting: bool
    markets: tuple[str, ...]


class Exchange:
    """A capture starts when a client first subscribes to one of its markets; its books are there before."""

    def __init__(self, captures: Sequence[Capture], *, speed: float = 1.0, loop: bool = True) -> None:
        self.markets: dict[str, Market] = {}
        self._players = [Player(capture, speed=speed, loop=loop) for capture in captures]
        self._sessions: dict[Session, None] = {}
        owners: dict[str, Capture] = {}
        for capture in captures:
            self._list_markets(capture, owners)

    def open(self) -> Session:
        """Return the session of a new client."""
        session = Session(self.markets)
        self._sessions[session] = None
        return session

    def close(self, session: Session) -> None:
        """Forget a client."""
        session.close()
        self._sessions.pop(session, None)

    def receive(self, session: Session, text: str | bytes, now: Now) -> list[bytes]:
        """Take a client's command and return the frames for it; what now starts to play comes by `advance`."""
        session.receive(text, now.ts)
        for player in self._players:
            if not player.started and any(self.markets[name].is_heard() for name in player.capture.tickers):
                player.start(now.at)
        return session.take()

    def advance(self, now: Now) -> Outgoing:
        """Play what is due and return all frames that waited."""
        for player in self._players:
            for step in player.due(now.at, STEPS_PER_TURN):
                self._play(step, now.ts)
        frames = [(session, session.take()) for session in self._sessions if session.outbox]
        return Outgoing(frames, min((player.next_at() for player in self._players), default=inf))

    def status(self) -> list[ReplayStatus]:
        """Return how far each capture has come."""
        return [
            ReplayStatus(
                capture=player.capture.name,
                frames=len(player.capture.steps),
                played=player.played,
                passes=player.passes,
                resting=player.resting,
                markets=player.capture.tickers,
            )
            for player in self._players
        ]

    def _list_markets(self, capture: Capture, owners: dict[str, Capture]) -> None:
        for step in capture.steps:
            if step.channel is Channel.BOOK and (owner := owners.setdefault(step.ticker, capture)) is not capture:
                problem = f"{step.ticker} is moved by {owner.name} already, so name one of them in SIM_CAPTURE"
                raise BadCapture(capture.name, 0, problem)
            if step.ticker in self.markets:
                continue
            market = Market(step.ticker, step.market_id, legacy=step.legacy)
            self.markets[step.ticker] = market
            if step.ladders is not None:
                market.book.load(*step.ladders)
            if step.channel is Channel.TICKER:
                market.recorded_ticker = step.msg

    def _play(self, step: Step, now_ts: int) -> None:
        market = self.markets[step.ticker]
        play(step, market.book)
        if step.channel is Channel.TICKER:
            market.recorded_ticker = step.msg
            for subscription in market.listeners(Channel.TICKER):
                subscription.say_unsequenced(step.kind, step.msg)
            return
        for subscription in market.listeners(step.channel):
            subscription.say(step.kind, step.yes_scale_msg if subscription.yes_scale else step.msg)
        if step.channel is Channel.BOOK:
            self._tell_ticker(market, now_ts)

    def _tell_ticker(self, market: Market, now_ts: int) -> None:
        listeners = market.listeners(Channel.TICKER)
        if listeners and market.moved():
            msg = market.derived_ticker(now_ts)
            for subscription in listeners:
                subscription.say_unsequenced("ticker", msg)
