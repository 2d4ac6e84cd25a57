"""Lets the crowd trade on the floor."""

from math import inf

from proto.units import SECOND
from services.simulator.flow.activity import weight_of
from services.simulator.flow.flow import LATE_S, Action, Flow
from services.simulator.world.floor import Floor
from services.simulator.world.market import Market
from shared.market.clock import Now

#: Actions per turn: the clients want a turn too.
ACTIONS_PER_TURN = 500


class FlowEngine:
    """Does what the crowd wants when it is due, while there is trading."""

    def __init__(self, flow: Flow[Market], floor: Floor) -> None:
        self._flow = flow
        self._floor = floor

    @property
    def skipped_s(self) -> float:
        """How much time was not made up for, because there was more to do than could be done."""
        return self._flow.skipped_s

    def opened(self, market: Market) -> None:
        """Let a market be traded; combos are not, they are made on request."""
        if not market.is_combo:
            self._flow.add(market, weight_of(market.volume_24h))

    def closed(self, market: Market) -> None:
        """Let a market be traded no more."""
        self._flow.remove(market)

    def next_at(self) -> float:
        """Return when something is due; infinity means never."""
        return self._flow.next_at() if self._floor.world.trading_active else inf

    def run(self, now: Now) -> None:
        """Do up to ACTIONS_PER_TURN actions that are due."""
        for _ in range(ACTIONS_PER_TURN):
            due_at = self._flow.next_at()
            if due_at > now.at:
                break
            action = self._flow.next(now.at)
            if action is None:
                continue
            # A turn does what was due since the one before, each action with the time at which it was; what is so late
            # that it is not made up for happens now, as does the first of all, which has no time.
            late_s = now.at - due_at
            ts = now.ts - int(late_s * SECOND) if late_s <= LATE_S else now.ts
            self._flow.spent(self._do(action, ts))

    def _do(self, action: Action[Market], ts: int) -> int:
        """Return how many messages it was worth."""
        floor, market = self._floor, action.market
        told = floor.told
        floor.change(market, action.changes, ts)
        if action.prints:
            floor.trade(market, action.prints, ts)
            floor.quote(market, ts, traded=True)
        elif market.can_have_moved(action.changes):
            floor.quote(market, ts)
        return floor.told - told
