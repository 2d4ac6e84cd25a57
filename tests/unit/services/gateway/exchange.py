"""A small exchange for model tests: one connection, one book subscription, and frames that may be lost on the way."""

from collections import deque
from collections.abc import Mapping
from random import Random
from typing import Literal, NamedTuple

from proto.units import DOLLAR, Ladder, Side
from shared.kalshi.commands import Command, Subscribe, Unsubscribe, UpdateSubscription
from shared.kalshi.numbers import format_count, format_dollars
from tests.unit.services.gateway.harness import frame, subscribed

Counting = Literal["shared", "apart", "none"]
Ladders = tuple[Ladder, Ladder]
SIDES: tuple[Side, Side] = ("yes", "no")


class Sent(NamedTuple):
    """A frame on its way, and the book of its market when it was sent; an `ending` is the last word of its sid."""

    frame: bytes
    numbered: bool
    ticker: str = ""
    book: Ladders = ((), ())
    ending: bool = False


class Exchange:
    """Holds the true books; changes and replies are put on `line`, but none of the markets in `mute`."""

    def __init__(self, random: Random, counting: Counting, mute: frozenset[str]) -> None:
        self.mute = mute
        self.books: dict[str, dict[Side, dict[int, int]]] = {}
        self.line = deque[Sent]()
        self.commands = deque[Command]()
        self._random = random
        self._counting = counting
        self.hang_up()

    def hang_up(self) -> None:
        """Forget the connection."""
        self.line.clear()
        self.commands.clear()
        self._held: set[str] = set()
        self._sid = self._random.randint(1, 4)
        self._seq = self._control_seq = 0
        self._open = False

    def end(self) -> None:
        """Let the subscription die, with a word that is not lost."""
        if self._open:
            code = self._random.choice([10, 25, None])
            said = {"code": code, "msg": "gone"} if code is not None else None
            ending = frame("unsubscribed" if said is None else "error", self._sid, None, said)
            self.line.append(Sent(ending, numbered=False, ending=True))
            self._close()

    def book(self, ticker: str) -> Ladders:
        """Return the true ladders, best first."""
        yes, no = (tuple(sorted(self._sides(ticker)[side].items(), reverse=True)) for side in SIDES)
        return yes, no

    def change(self, ticker: str) -> None:
        """Change a level; it is told if the market is subscribed to."""
        side, price = self._random.choice(SIDES), self._random.randint(1, 4) * 100
        levels = self._sides(ticker)[side]
        delta = self._random.choice([1, 250, -levels[price]] if price in levels else [1, 250])
        levels[price] = levels.get(price, 0) + delta
        if not levels[price]:
            del levels[price]
        if ticker in self._held - self.mute:
            shown = price if side == "yes" else DOLLAR - price
            change = {"side": side, "price_dollars": format_dollars(shown), "delta_fp": format_count(delta)}
            self._send("orderbook_delta", ticker, change)

    def answer(self) -> None:
        """Do the oldest command and reply; the acknowledgement comes before or after its snapshots."""
        command = self.commands.popleft()
        if isinstance(command, Subscribe):
            self._subscribe(command.id, command.params.market_tickers or [])
        elif isinstance(command, (Unsubscribe, UpdateSubscription)) and command.params.sids != [self._sid]:
            error = frame("error", None, None, {"code": 7, "msg": "unknown sid"}, command.id)
            self.line.append(Sent(error, numbered=False))
        elif isinstance(command, Unsubscribe):
            self.line.append(Sent(frame("unsubscribed", self._sid, self._seq + 1, None, command.id), numbered=False))
            self._close()
        elif isinstance(command, UpdateSubscription):
            self._update(command.id, command.params.action, command.params.market_tickers or [])
        else:
            self.line.append(Sent(_listed(command.id), numbered=False))

    def _subscribe(self, command_id: int, tickers: list[str]) -> None:
        if self._open:
            # It is merged: what is held already causes nothing.
            self._update(command_id, "add_markets", tickers)
            return
        self._open = True
        self._held.update(tickers)
        self._reply([Sent(subscribed("orderbook_delta", self._sid, command_id), numbered=False)], tickers, None)

    def _close(self) -> None:
        self._open = False
        self._held.clear()
        self._sid += 1
        self._seq = self._control_seq = 0

    def refuse(self) -> None:
        """Refuse the oldest command, naming one of its markets or none."""
        command = self.commands.popleft()
        if isinstance(command, (Subscribe, UpdateSubscription)):
            named = {"market_ticker": (command.params.market_tickers or [""])[0]} if self._random.random() < 0.5 else {}
            error = frame("error", None, None, {"code": 26, "msg": "too many", **named}, command.id)
            self.line.append(Sent(error, numbered=False))

    def _update(self, command_id: int, action: str, tickers: list[str]) -> None:
        if action == "delete_markets":
            self._held.difference_update(tickers)
            self.line.append(self._ok(command_id))
        elif action == "get_snapshot":
            for ticker in tickers:
                self._snapshot(ticker, command_id)
        else:
            new = [ticker for ticker in tickers if ticker not in self._held]
            self._held.update(tickers)
            if self._random.random() < 0.5:
                self.line.append(self._ok(command_id))
                self._reply([], new, None)
            else:
                self._reply([], new, None)
                self.line.append(self._ok(command_id))

    def _reply(self, acknowledgement: list[Sent], tickers: list[str], command_id: int | None) -> None:
        late = self._random.randint(0, len(tickers)) if acknowledgement else 0
        for place, ticker in enumerate(self._random.sample(tickers, len(tickers))):
            if place == late:
                self.line.extend(acknowledgement)
            self._snapshot(ticker, command_id)
        if late == len(tickers):
            self.line.extend(acknowledgement)

    def _snapshot(self, ticker: str, command_id: int | None) -> None:
        if ticker in self.mute or not self._open:
            return
        levels = {}
        for side in SIDES:
            pairs = [(p if side == "yes" else DOLLAR - p, q) for p, q in self._sides(ticker)[side].items()]
            if pairs:
                levels[f"{side}_dollars_fp"] = [[format_dollars(p), format_count(q)] for p, q in pairs]
        self._send("orderbook_snapshot", ticker, levels, command_id)

    def _send(self, kind: str, ticker: str, members: Mapping[str, object], command_id: int | None = None) -> None:
        self._seq += 1
        msg = {"market_ticker": ticker, **members}
        self.line.append(Sent(frame(kind, self._sid, self._seq, msg, command_id), True, ticker, self.book(ticker)))

    def _ok(self, command_id: int) -> Sent:
        if self._counting == "none":
            return Sent(frame("ok", self._sid, None, {}, command_id), numbered=False)
        if self._counting == "shared":
            self._seq += 1
            return Sent(frame("ok", self._sid, self._seq, {}, command_id), numbered=True)
        self._control_seq += 1
        return Sent(frame("ok", self._sid, self._control_seq, {}, command_id), numbered=False)

    def _sides(self, ticker: str) -> dict[Side, dict[int, int]]:
        return self.books.setdefault(ticker, {"yes": {}, "no": {}})


def _listed(command_id: int) -> bytes:
    return b'{"type":"ok","id":%d,"msg":[]}\n' % command_id
