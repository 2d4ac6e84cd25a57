"""The simulator tells the book of any moment that it remembers, and hands on what others do."""

from typing import Any

import pytest

from services.simulator.core import CLOSED_SESSIONS
from services.simulator.session.session import Session
from services.simulator.world.history import History
from tests.unit.services.simulator.rest.scene import TWO_SIDED, Desk

BEGINNING = [["0.0200", "0.05"], ["0.0400", "7.00"]]
OTHER = "KXSIDE-26-YES"


@pytest.fixture
def desk() -> Desk:
    """An exchange."""
    return Desk()


def _reader(desk: Desk, *tickers: str) -> Session:
    session = desk.exchange.open("a key")
    desk.say(session, "subscribe", channels=["orderbook_delta"], market_tickers=list(tickers))
    return session


async def _yes(desk: Desk, status: int = 200, ticker: str = TWO_SIDED, **params: Any) -> Any:
    response = await desk.ask("GET", f"/sim/truth/{ticker}", **params)
    assert response.status_code == status, response.text
    return response.json()["orderbook_fp"]["yes_dollars"] if status == 200 else response.json()["error"]


async def test_truth_at_each_sequence_number(desk: Desk) -> None:
    """After each message a book is what the client must have, though another market's messages stand between."""
    session = _reader(desk, TWO_SIDED, OTHER)
    desk.change(TWO_SIDED, "yes", 200, 95)
    desk.change(OTHER, "yes", 400, 100)
    desk.change(TWO_SIDED, "yes", 400, -700)
    told = [await _yes(desk, at_seq=seq) for seq in range(1, 6)]
    more = [["0.0200", "1.00"], ["0.0400", "7.00"]]
    assert told == [BEGINNING, BEGINNING, more, more, [["0.0200", "1.00"]]]
    assert await _yes(desk) == told[-1]
    assert await _yes(desk, at_change=1) == more
    assert session.subscriptions[1].seq == 5


async def test_truth_names_what_it_is_about(desk: Desk) -> None:
    """The reply says whose sequence number was meant, and after which change the book was so."""
    session = _reader(desk, TWO_SIDED)
    desk.change(TWO_SIDED, "yes", 200, 95)
    told = (await desk.ask("GET", f"/sim/truth/{TWO_SIDED}", at_seq=1)).json()
    del told["orderbook_fp"]
    assert told == {"ticker": TWO_SIDED, "session": session.number, "sid": 1, "at_seq": 1, "change": 0}


async def test_session_must_be_named_if_several_listen(desk: Desk) -> None:
    """Each has its own sequence; who listens to other markets is not in the way."""
    _reader(desk, TWO_SIDED)
    _reader(desk, OTHER)
    assert await _yes(desk, at_seq=1) == BEGINNING
    _reader(desk, TWO_SIDED)
    assert "1 (sid 1), 3 (sid 1)" in await _yes(desk, 409, at_seq=1)
    assert await _yes(desk, at_seq=1, session=3) == BEGINNING
    assert await _yes(desk, 404, at_seq=1, session=9)
    assert await _yes(desk, 404, at_seq=1, session=3, sid=2)


async def test_truth_of_a_session_that_has_closed(desk: Desk) -> None:
    """It can still be asked for, until too many others have closed; who is still there goes before it."""
    first = _reader(desk, TWO_SIDED)
    desk.change(TWO_SIDED, "yes", 200, 95)
    desk.exchange.close(first)
    desk.change(TWO_SIDED, "yes", 200, -100)
    assert await _yes(desk, at_seq=1) == BEGINNING
    _reader(desk, TWO_SIDED)
    assert await _yes(desk, at_seq=1) == [["0.0400", "7.00"]]
    assert await _yes(desk, at_seq=1, session=1) == BEGINNING
    for _ in range(CLOSED_SESSIONS):
        desk.exchange.close(_reader(desk, OTHER))
    assert await _yes(desk, 404, at_seq=1, session=1)


async def test_sessions_without_books_are_not_remembered(desk: Desk) -> None:
    """They push out none whose books can be asked for."""
    desk.exchange.close(_reader(desk, TWO_SIDED))
    for _ in range(2 * CLOSED_SESSIONS):
        desk.exchange.close(desk.exchange.open())
    assert await _yes(desk, at_seq=1) == BEGINNING


async def test_truth_that_can_not_be_told(desk: Desk) -> None:
    """Unknown markets, numbers that were never sent, and those that are forgotten are told apart."""
    desk.world.history = History(limit=2)
    _reader(desk, TWO_SIDED)
    for _ in range(4):
        desk.change(TWO_SIDED, "yes", 200, 1)
    assert "no market" in await _yes(desk, 404, "KXNONE")
    assert "never sent" in await _yes(desk, 400, at_seq=6)
    assert "never sent" in await _yes(desk, 400, at_seq=0)
    assert "has not happened" in await _yes(desk, 400, at_change=5)
    assert "has not happened" in await _yes(desk, 400, at_change=-1)
    assert "no longer in memory" in await _yes(desk, 410, at_seq=1)
    assert "no longer in memory" in await _yes(desk, 410, at_change=1)
    assert await _yes(desk, at_seq=3)


async def test_truth_of_a_market_that_is_not_listed(desk: Desk) -> None:
    """Who listens to it has an empty book; of one that has gone, what it was like before is still known."""
    _reader(desk, TWO_SIDED, "KXNONE")
    for side in ("yes", "no"):
        for price, quantity in desk.world.markets[TWO_SIDED].book.ladder(side):
            desk.change(TWO_SIDED, side, price, -quantity)
    desk.world.remove(desk.world.markets[TWO_SIDED])
    assert await _yes(desk, ticker="KXNONE", at_seq=2) == []
    assert await _yes(desk, at_seq=1) == BEGINNING
    assert "no market" in await _yes(desk, 404)
    assert "Nobody" in await _yes(desk, 404, "KXNEVER", at_seq=1)


async def test_sessions_are_listed(desk: Desk) -> None:
    """With their keys, and what each has subscribed to."""
    session = _reader(desk, TWO_SIDED, OTHER)
    desk.say(session, "subscribe", channels=["ticker"])
    (told,) = (await desk.ask("GET", "/sim/sessions")).json()
    assert (told["number"], told["key_id"]) == (1, "a key")
    book, ticker = told["subscriptions"]
    assert book == {
        "sid": 1,
        "channel": "orderbook_delta",
        "seq": 2,
        "everything": False,
        "markets": 2,
        "market_tickers": [TWO_SIDED, OTHER],
    }
    assert (ticker["sid"], ticker["channel"], ticker["everything"], ticker["markets"]) == (2, "ticker", True, 0)


@pytest.mark.parametrize(
    ("method", "path", "called"),
    [
        ("POST", "/sim/private", ("private", b"{}")),
        ("GET", "/sim/faults", ("faults", b"")),
        ("POST", "/sim/faults", ("add_fault", b"{}")),
        ("DELETE", "/sim/faults", ("clear_faults", b"")),
        ("POST", "/sim/lifecycle", ("lifecycle", b"{}")),
    ],
)
async def test_controls_are_called(desk: Desk, method: str, path: str, called: tuple[str, bytes]) -> None:
    """A body goes through as it is, and what comes back is the reply."""
    response = await desk.ask(method, path, body=b"{}")
    assert (response.status_code, response.json()) == (200, {"done": called[0]})
    assert desk.called == [called]


@pytest.mark.parametrize("path", ["/sim/private", "/sim/faults", "/sim/lifecycle"])
async def test_bad_control_is_refused_with_a_sentence(desk: Desk, path: str) -> None:
    """What can not be done is told."""
    response = await desk.ask("POST", path, body=b"bad")
    assert response.status_code == 400
    assert response.json()["error"].startswith("no such")


async def test_replays_are_listed(desk: Desk) -> None:
    """The list is what the service gives."""
    response = await desk.ask("GET", "/sim/replay")
    assert (response.status_code, response.json()) == (200, [])
