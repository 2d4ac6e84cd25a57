"""Captures become timed steps, or say why they can not be played."""

import gzip
from pathlib import Path

import msgspec
import pytest

from services.simulator.errors import BadCapture
from services.simulator.replay import Capture, parse, play
from services.simulator.subscription import Channel
from shared.market.book import Book
from tests.unit.services.simulator.harness import BOOK, CENTS, TRADES

DATA = Path(__file__).parents[4] / "services/simulator/data"


def carried(name: str) -> Capture:
    """Return a capture that the simulator carries."""
    return parse(name, (DATA / name).read_bytes())


@pytest.mark.parametrize(
    ("name", "frames", "markets", "seconds"),
    [
        ("kxbtc15m-2026-05-14.jsonl", 168, 1, 0.632),
        ("twelve-markets-2026-09-14.jsonl", 32, 12, 73.261),
        ("inxd-2023-08-31-morning-cents.jsonl.gz", 20_000, 1, 16_060.086),
        ("tickers-2026-02-12-transitional.jsonl", 10, 10, 0.0),
        ("trades-2026-02-12-transitional.jsonl", 10, 3, 7.0),
    ],
)
def test_carried_captures(name: str, frames: int, markets: int, seconds: float) -> None:
    """Every frame of every carried capture is played, at its time, and time never runs backwards."""
    capture = carried(name)
    times = [step.at for step in capture.steps]
    assert (len(capture.steps), len(capture.tickers)) == (frames, markets)
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(seconds, abs=0.001)


def test_messages_stay_as_recorded() -> None:
    """The bytes of `msg` are those of the file."""
    data = (DATA / "kxbtc15m-2026-05-14.jsonl").read_bytes()
    lines = [line for line in data.splitlines() if b'"type":"orderbook_' in line]
    for line, step in zip(lines, carried("kxbtc15m-2026-05-14.jsonl").steps, strict=True):
        assert line.endswith(b'"msg":' + step.msg + b"}")


def test_only_the_no_side_is_turned() -> None:
    """On the yes scale no prices become yes prices, and nothing else changes."""
    snapshot, _, no_delta, yes_delta = parse("book.jsonl", BOOK).steps
    turned = msgspec.json.decode(snapshot.yes_scale_msg)
    assert turned.pop("no_dollars_fp") == [["0.5200", "2.00"], ["0.8000", "5.50"]]
    plain = msgspec.json.decode(snapshot.msg)
    del plain["no_dollars_fp"]
    assert turned == plain
    assert msgspec.json.decode(no_delta.yes_scale_msg) == msgspec.json.decode(no_delta.msg) | {
        "price_dollars": "0.5200"
    }
    assert yes_delta.yes_scale_msg is yes_delta.msg


def test_cents_are_never_turned() -> None:
    """Frames in cents are the same for every subscriber."""
    steps = parse("cents.jsonl", CENTS).steps
    assert all(step.legacy and step.yes_scale_msg == step.msg for step in steps)


def test_time_never_runs_backwards() -> None:
    """A frame with an earlier time than the one before is due with it."""
    assert [step.at for step in parse("cents.jsonl", CENTS).steps] == [0.0, 1.0, 1.0]


def test_trades_do_not_touch_books() -> None:
    """Only book frames move books."""
    book = Book()
    for step in parse("trades.jsonl", TRADES).steps:
        assert step.channel is Channel.TRADE
        play(step, book)
    assert (book.ladder("yes"), book.ladder("no")) == ((), ())


@pytest.mark.parametrize(
    ("name", "data", "line", "problem"),
    [
        ("x.jsonl", b"", 0, "no frame"),
        ("x.jsonl", b'{"type":"subscribed","id":1}\n', 0, "no frame"),
        ("x.jsonl", b"\nnonsense\n", 2, "malformed"),
        ("x.jsonl", b'{"type":"orderbook_delta","msg":{"market_ticker":"A","side":"yes"}}', 1, "incomplete"),
        ("x.jsonl", BOOK.replace(b'"-2.00"', b'"-3.00"'), 0, "negative level"),
        ("x.jsonl", CENTS.replace(b"2023-08-31T09:30:12", b"yesterday"), 2, "yesterday"),
        ("x.jsonl.gz", b"not gzip", 0, "not a gzip file"),
        ("x.jsonl.gz", gzip.compress(BOOK)[:-20], 0, "not a gzip file"),
    ],
)
def test_unplayable_captures_say_why(name: str, data: bytes, line: int, problem: str) -> None:
    """The error names the file, the line where there is one, and the reason."""
    with pytest.raises(BadCapture, match=problem) as caught:
        parse(name, data)
    assert (caught.value.name, caught.value.line) == (name, line)
    assert name in str(caught.value)
