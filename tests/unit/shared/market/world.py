"""A small world for model tests: a gateway that is right by definition, a bus that is not, and two who follow.

The gateway keeps every book it ever said by (ticker, epoch, seq). `Peer` is a follower with what a careful observer
knows besides: which marks and heads it was given, and a listener that hears only what the follower says.
"""

from collections import deque
from random import Random

from proto.book import BookMessage, Delta, Snapshot, Stale
from proto.requests import BookImage
from proto.system import Heartbeat
from proto.units import Ladder, Side
from shared.market.clock import Now
from shared.market.follower import GATEWAY_SILENCE_S, HEAD_GRACE_S, Follower
from shared.market.replica import Replica
from shared.market.summary import image

START = Now(at=1000.0, ts=1_800_000_000_000_000)
TICKERS = ("KXA-1", "KXA-2", "KXB-1")
GONE_TOLD = 10
SIDES: tuple[Side, Side] = ("yes", "no")

Ladders = tuple[Ladder, Ladder]
Head = tuple[int, int]


class Market:
    """A market at the gateway; `ladders` is what the exchange has."""

    def __init__(self) -> None:
        self.ladders: dict[Side, dict[int, int]] = {"yes": {}, "no": {}}
        self.head: Head = (0, 0)
        self.stale = True

    def book(self) -> Ladders:
        """Return both ladders, best first."""
        yes, no = (tuple(sorted(self.ladders[side].items(), reverse=True)) for side in SIDES)
        return yes, no


class Gateway:
    """Says books, marks and heads; a lost message is lost for all when it fails on this side."""

    def __init__(self, name: str, random: Random, history: dict[tuple[str, int, int], Ladders]) -> None:
        self.name = name
        self.markets = {ticker: Market() for ticker in TICKERS}
        self._random = random
        self._history = history
        self._moved: set[str] = set()
        self._gone: dict[str, int] = {}
        self._counter = 0

    def change(self, ticker: str, now: Now) -> BookMessage | None:
        """Let the exchange change a level; it is said only while the market is live."""
        market = self.markets[ticker]
        side, price = self._random.choice(SIDES), self._random.randint(1, 4)
        levels = market.ladders[side]
        delta = self._random.choice([1, 2, -levels[price]] if price in levels else [1, 2])
        levels[price] = levels.get(price, 0) + delta
        if not levels[price]:
            del levels[price]
        if market.stale:
            return None
        epoch, seq = self._say(ticker, (market.head[0], market.head[1] + 1))
        return Delta(ticker, epoch, seq, None, now.ts, None, side, price, delta)

    def snapshot(self, ticker: str, now: Now) -> BookMessage:
        """Start a new epoch."""
        market = self.markets[ticker]
        market.stale = False
        epoch, seq = self._say(ticker, (max(now.ts, market.head[0] + 1), 0))
        return Snapshot(ticker, epoch, seq, None, now.ts, None, *market.book())

    def doubt(self, ticker: str, now: Now) -> BookMessage | None:
        """Mark a live market stale."""
        market = self.markets[ticker]
        if market.stale:
            return None
        market.stale = True
        self._moved.add(ticker)
        return Stale(ticker, *market.head, now.ts, "gap")

    def drop(self, ticker: str, now: Now) -> BookMessage | None:
        """Stop following a market."""
        said = self.doubt(ticker, now)
        del self.markets[ticker]
        self._moved.discard(ticker)
        self._gone[ticker] = GONE_TOLD
        return said

    def add(self, ticker: str) -> None:
        """Follow a market again."""
        self.markets[ticker] = Market()
        self._gone.pop(ticker, None)

    def heartbeat(self, now: Now, *, everything: bool = False) -> Heartbeat:
        """Tell the heads of what moved and of one quiet market in three."""
        quiet = {t for t in self.markets if everything or (TICKERS.index(t) + self._counter) % len(TICKERS) == 0}
        named = sorted(self._moved | quiet)
        gone = tuple(self._gone)
        self._gone = {ticker: left - 1 for ticker, left in self._gone.items() if left > 1}
        self._moved.clear()
        self._counter += 1
        return Heartbeat(
            instance=self.name,
            counter=self._counter - 1,
            sent_ts=now.ts,
            connected=True,
            markets=len(self.markets),
            heads={ticker: self.markets[ticker].head for ticker in named},
            stale=tuple(ticker for ticker in named if self.markets[ticker].stale),
            gone=gone,
        )

    def _say(self, ticker: str, head: Head) -> Head:
        self.markets[ticker].head = head
        self._moved.add(ticker)
        self._history[ticker, *head] = self.markets[ticker].book()
        return head


class Listener:
    """A consumer that knows nothing but the rule of continuity and what it hears."""

    def __init__(self) -> None:
        self.books: dict[str, tuple[Head, bool, Market]] = {}

    def hear(self, message: BookMessage) -> None:
        """Take a message by the rule: larger epochs, the next seq, and marks; anything else is a gap."""
        told = (message.epoch, message.seq)
        held, live, market = self.books.get(message.ticker, ((0, 0), False, Market()))
        if isinstance(message, Stale):
            live = False
        elif isinstance(message, Snapshot):
            if message.epoch > held[0] or (not live and told >= held):
                held, live, market = told, True, Market()
                market.ladders = {"yes": dict(message.yes), "no": dict(message.no)}
        elif live and told == (held[0], held[1] + 1):
            held = told
            levels = market.ladders[message.side]
            levels[message.price] = levels.get(message.price, 0) + message.delta
            if not levels[message.price]:
                del levels[message.price]
        elif told > held:
            live = False
        self.books[message.ticker] = (held, live, market)


class Peer:
    """A follower at the end of its own two queues, and all that it was given."""

    def __init__(self, random: Random, at: float) -> None:
        self.follower = Follower({}, accepts=lambda _: True, random=random.random, started_at=at)
        self.listener = Listener()
        self.messages = deque[BookMessage]()
        self.heartbeats = deque[Heartbeat]()
        self._told_stale: dict[str, int] = {}
        self._heads: list[tuple[float, str, Head, bool]] = []
        self._known: dict[str, tuple[Head, bool]] = {}
        self._heard_at = at
        self._silent = False

    @property
    def replicas(self) -> dict[str, Replica]:
        """The books as the follower holds them."""
        return self.follower.replicas

    def take_message(self, message: BookMessage, now: Now) -> None:
        """Give a book message to the follower."""
        if isinstance(message, Stale):
            self._told_stale[message.ticker] = max(message.epoch, self._told_stale.get(message.ticker, 0))
        self._hear([self.follower.received(message, now)])

    def take_heartbeat(self, beat: Heartbeat, now: Now) -> None:
        """Give a heartbeat to the follower."""
        for ticker, head in beat.heads.items():
            self._heads.append((now.at + HEAD_GRACE_S, ticker, head, ticker in beat.stale))
        self._heard_at, self._silent = now.at, False
        self._hear(self.follower.heartbeat(beat, now))

    def take_image(self, book: BookImage, now: Now) -> None:
        """Give the follower a book that it asked for."""
        self._hear([self.follower.image(book, now)])

    def break_bus(self, now: Now) -> None:
        """Tell the follower that messages may have been lost."""
        self._hear(self.follower.broken(now))

    def tick(self, now: Now) -> list[str]:
        """Pass time; return the books to ask for."""
        self._hear(self.follower.tick(now))
        self._silent = now.at >= self._heard_at + GATEWAY_SILENCE_S
        for _, ticker, head, stale in [heard for heard in self._heads if heard[0] <= now.at]:
            self._known[ticker] = max((head, stale), self._known.get(ticker, ((0, 0), False)))
        self._heads = [heard for heard in self._heads if heard[0] > now.at]
        due = self.follower.asks_due(now)
        asked = self.follower.due(now)
        assert due == bool(asked)
        return asked

    def images(self, tickers: list[str]) -> list[BookImage]:
        """Answer rpc.book.get from what is held here."""
        return [image(self.replicas[ticker]) for ticker in tickers if ticker in self.replicas]

    def check(self, history: dict[tuple[str, int, int], Ladders]) -> None:
        """Whatever is live is true, is what the listener has, and is not older than what is known."""
        for ticker, replica in self.replicas.items():
            if replica.reason is None:
                assert not self._silent, f"{ticker} is live, but no gateway is heard"
                book = (replica.book.ladder("yes"), replica.book.ladder("no"))
                assert book == history[ticker, *replica.held], f"{ticker} is not the book of {replica.held}"
                assert replica.epoch > self._told_stale.get(ticker, 0), f"{ticker} is live after its stale mark"
                known, stale = self._known.get(ticker, ((0, 0), False))
                assert replica.held >= known, f"{ticker} is live at {replica.held}, but {known} is known"
                assert not stale or replica.epoch > known[0], f"{ticker} is live, but known to be stale at {known}"
        self._check_listener()

    def _check_listener(self) -> None:
        for ticker, (held, live, market) in self.listener.books.items():
            replica = self.replicas.get(ticker)
            if live:
                assert replica is not None, f"the listener was not told that {ticker} is gone"
                assert replica.reason is None, f"the listener was not told that {ticker} is stale"
                assert (held, market.book()) == (replica.held, (replica.book.ladder("yes"), replica.book.ladder("no")))
        silent = [t for t, r in self.replicas.items() if r.reason is None and not self.listener.books[t][1]]
        assert not silent, f"the listener was not told that {silent} are live"

    def _hear(self, said: "list[BookMessage] | list[BookMessage | None]") -> None:
        for message in said:
            if message is not None:
                self.listener.hear(message)
        for ticker in self._told_stale.keys() | self._known.keys():
            if ticker not in self.replicas:
                self._told_stale.pop(ticker, None)
                self._known.pop(ticker, None)
