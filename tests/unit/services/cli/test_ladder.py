"""What `watch` shows."""

import io

from rich.console import Console

from proto.book import Snapshot
from proto.units import Ladder
from services.cli.ladder import ladder, line
from shared.market.replica import Replica

RECEIVED_TS = 1_700_000_000_250_000


def _replica(yes: Ladder = ((9500, 120_000), (9400, 5)), no: Ladder = ((400, 300), (300, 1_250))) -> Replica:
    replica = Replica("KXA-1")
    replica.snapshot(
        Snapshot(
            ticker="KXA-1",
            epoch=7,
            seq=41,
            exchange_ts=None,
            received_ts=RECEIVED_TS,
            exchange_seq=None,
            yes=yes,
            no=no,
        )
    )
    return replica


def _drawn(replica: Replica, *, now_ts: int = RECEIVED_TS, depth: int = 5) -> list[str]:
    console = Console(width=80, file=io.StringIO())
    with console.capture() as drawn:
        console.print(ladder(replica, now_ts, depth))
    return [" ".join(text.split()) for text in drawn.get().splitlines() if text.strip()]


def test_ladder_has_asks_above_bids() -> None:
    """Both sides are on the yes scale, the highest ask on top, the spread between the best of each."""
    assert _drawn(_replica())[2:] == [
        "bid yes price ask",
        "0.9700 12.50",
        "0.9600 3.00",
        "0.0100",
        "1200.00 0.9500",
        "0.05 0.9400",
    ]


def test_ladder_keeps_the_best_levels() -> None:
    """With little room the levels nearest to the middle are kept."""
    assert _drawn(_replica(), depth=1)[3:] == ["0.9600 3.00", "0.0100", "1200.00 0.9500"]


def test_header_tells_state() -> None:
    """Ticker, status, epoch and seq, age and spread are on top."""
    drawn = _drawn(_replica(), now_ts=RECEIVED_TS + 1_500_000)
    assert drawn[:2] == ["KXA-1", "live 7/41 1.5 s ago spread 0.0100"]


def test_stale_book_says_why() -> None:
    """A book that may be wrong is never shown as live."""
    replica = _replica()
    replica.mark("gateway_lost", RECEIVED_TS)
    assert _drawn(replica)[1].startswith("STALE (gateway_lost) 7/41")
    assert " STALE (gateway_lost) 7/41 " in line(replica)


def test_line_tells_the_best_of_both_sides() -> None:
    """One line has the time, the state, the best bid and ask and the spread."""
    assert line(_replica()) == ("22:13:20.250000 live 7/41  bid 0.9500 x 1200.00  ask 0.9600 x 3.00  spread 0.0100")


def test_empty_side_has_no_price() -> None:
    """Where nobody bids there is neither price nor spread, and nothing fails."""
    assert line(_replica(no=())).endswith("bid 0.9500 x 1200.00  ask -  spread -")
    assert _drawn(_replica(yes=(), no=()))[3:] == ["-"]


def test_book_that_never_came_has_no_age() -> None:
    """Before anything was heard the age is not counted from 1970."""
    assert "0.0 s ago" in _drawn(Replica("KXA-1"))[1]
