"""The book at any message is the book that was the truth then."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from proto.units import Ladder, Side
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
    """Lets things happen at an exchange, and keeps what one client was told of it."""

    def __init__(self, *, yes_scale: bool) -> None:
        self.table = Table([], listed=[market(ticker, ((300, 4), (200, 2)), ((100, 1),)) for ticker in TICKERS])
        self.client: Client = self.table.client()
        self.frames = self.client.say(
            "subscribe", channels=["orderbook_delta"], market_tickers=TICKERS[:2], use_yes_price=yes_scale
        )
        self.moments = self.client.session.subscriptions[1].moments

    def happen(self, what: str, ticker: str, side: Side, price: int, amount: int) -> None:
        """Let one thing happen."""
        floor, known = self.table.exchange.floor, self.table.world.markets[ticker]
        match what:
            case "change" if known.book.side(side).levels.get(price, 0) + amount >= 0 and amount:
                floor.change(known, [(side, price, amount)], START.ts)
            case "replace":
                floor.replace(known, ((price, 1 + abs(amount)),), ())
                floor.show(known)
            case "show":
                floor.show(known)
            case "add" | "delete":
                self.frames += self.client.update(f"{what}_markets", sid=1, market_tickers=[ticker])
            case "ask":
                self.frames += self.client.update("get_snapshot", sid=1, market_tickers=[ticker])
            case _:
                self.frames += self.client.update("dance", sid=1)

    def book_at(self, seq: int, ticker: str) -> Ladders:
        """Return the book that was the truth at a message."""
        number = self.moments.at(seq)
        assert number is not None
        world = self.table.world
        book = world.history.book_at(ticker, world.markets[ticker].book, number)
        return book.ladder("yes"), book.ladder("no")


@settings(max_examples=60)
@given(happened=events, yes_scale=st.booleans())
def test_the_book_at_any_message(happened: list[tuple[str, str, Side, int, int]], yes_scale: bool) -> None:
    """At each sequence number the truth is what a client has who heard everything up to it."""
    witness = Witness(yes_scale=yes_scale)
    for event in happened:
        witness.happen(*event)
    witness.frames += witness.client.update("delete_markets", sid=1, market_tickers=["KXNONE"])
    held, known = set(TICKERS[:2]), set[str]()
    for position, frame in enumerate(witness.frames[1:], 2):
        if frame["type"] == "ok":
            held = set(frame["msg"]["market_tickers"])
            known &= held
        elif frame["type"] == "orderbook_snapshot" and frame["msg"]["market_ticker"] in held:
            known.add(frame["msg"]["market_ticker"])
        told = rebuilt(witness.frames[:position], yes_scale=yes_scale)
        for ticker in known | ({frame["msg"].get("market_ticker")} - {None}):
            assert witness.book_at(frame["seq"], ticker) == told[ticker]
    for ticker in known:
        assert told[ticker] == witness.table.world.markets[ticker].ladders()


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
