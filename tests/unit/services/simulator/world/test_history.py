"""The book at any message is the book that was the truth then."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proto.units import Ladder
from services.simulator.world.history import History
from shared.market.book import Book
from tests.unit.services.simulator.harness import START, Client, Table, market
from tests.unit.services.simulator.replay.recorded import rebuilt

TICKERS = ("KXZ-A", "KXZ-B", "KXZ-C")
Ladders = tuple[Ladder, Ladder]

#: What can happen: (what, which market, which side, price, how much).
events = st.lists(
    st.tuples(
        st.sampled_from(["change", "change", "change", "replace", "show", "add", "delete", "ask", "nonsense"]),
        st.sampled_from(TICKERS),
        st.sampled_from(["yes", "no"]),
        st.integers(1, 6).map(lambda step: step * 100),
        st.integers(-3, 5),
    ),
    max_size=60,
)


class Witness:
    """Lets things happen at an exchange and writes down all books after each message of one client."""

    def __init__(self, *, yes_scale: bool) -> None:
        self.table = Table([], listed=[market(ticker, ((300, 4), (200, 2)), ((100, 1),)) for ticker in TICKERS])
        self.client: Client = self.table.client()
        self.frames: list[dict[str, Any]] = []
        self.books: dict[int, dict[str, Ladders]] = {}
        self._say("subscribe", channels=["orderbook_delta"], market_tickers=TICKERS[:2], use_yes_price=yes_scale)
        self.subscription = self.client.session.subscriptions[1]
        self._note()

    def happen(self, what: str, ticker: str, side: str, price: int, amount: int) -> None:
        """Let one thing happen."""
        floor, known = self.table.exchange.floor, self.table.world.markets[ticker]
        levels = known.book.side("yes" if side == "yes" else "no").levels
        match what:
            case "change" if levels.get(price, 0) + amount >= 0 and amount:
                floor.change(known, [("yes" if side == "yes" else "no", price, amount)], START.ts)
            case "replace":
                floor.replace(known, ((price, 1 + abs(amount)),), ())
                floor.show(known)
            case "show":
                floor.show(known)
            case "add" | "delete":
                self._say("update_subscription", action=f"{what}_markets", sid=1, market_tickers=[ticker])
            case "ask":
                self._say("update_subscription", action="get_snapshot", sid=1, market_tickers=[ticker])
            case _:
                self._say("update_subscription", action="dance", sid=1)
        self._note()

    def _say(self, cmd: str, **params: object) -> None:
        self.frames += self.client.say(cmd, **params)

    def _note(self) -> None:
        self.frames += self.client.say_raw('{"id":1,"cmd":"list_subscriptions"}')[:-1]
        now = {ticker: known.ladders() for ticker, known in self.table.world.markets.items()}
        subscribed = self.client.session.subscriptions.get(1)
        self.books[subscribed.seq if subscribed else 0] = now


@settings(max_examples=200)
@given(happened=events, yes_scale=st.booleans())
def test_the_book_at_any_message(happened: list[tuple[str, str, str, int, int]], yes_scale: bool) -> None:
    """At the sequence number of each message every book it tells of was what a client has who heard all until then."""
    witness = Witness(yes_scale=yes_scale)
    for event in happened:
        witness.happen(*event)
    world, moments = witness.table.world, witness.subscription.moments
    held: set[str] = set(TICKERS[:2])
    for position, frame in enumerate(witness.frames, 1):
        if frame["type"] == "ok":
            held = set(frame["msg"]["market_tickers"])
        if "seq" not in frame:
            continue
        number = moments.at(frame["seq"])
        assert number is not None
        told = rebuilt(witness.frames[:position], yes_scale=yes_scale)
        for ticker in held & told.keys():
            was = world.history.book_at(ticker, world.markets[ticker].book, number)
            if ticker == frame["msg"].get("market_ticker") or frame["type"] == "ok":
                assert (was.ladder("yes"), was.ladder("no")) == told[ticker], frame


def test_random_changes_are_undone() -> None:
    """The book after any change that is remembered is what it was, and what is forgotten is said to be."""
    draw = Random(7)
    history, books = History(limit=50), {ticker: Book() for ticker in TICKERS}
    was: list[dict[str, Ladders]] = []
    for _ in range(300):
        was.append({ticker: (book.ladder("yes"), book.ladder("no")) for ticker, book in books.items()})
        ticker = draw.choice(TICKERS)
        price, delta = draw.randrange(1, 8), draw.randrange(1, 5)
        if draw.random() < 0.1:
            history.replaced(ticker, books[ticker])
            books[ticker].load(((price, delta),), ())
        else:
            books[ticker].apply("no", price, delta)
            history.changed(ticker, "no", price, delta)
    assert [number for number in range(302) if history.remembers(number)] == list(range(250, 301))
    for number in range(250, 300):
        for ticker, book in books.items():
            then = history.book_at(ticker, book, number)
            assert (then.ladder("yes"), then.ladder("no")) == was[number][ticker]


def test_before_the_last_changes_of_a_market() -> None:
    """One can go back by changes of one market, over those of others."""
    history = History()
    for ticker in ("A", "B", "A", "B", "B"):
        history.changed(ticker, "yes", 100, 1)
    assert [history.before("A", changes) for changes in (0, 1, 2, 3)] == [5, 2, 0, 0]
    assert [history.before("B", changes) for changes in (1, 2)] == [4, 3]
