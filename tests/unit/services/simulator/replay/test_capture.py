"""Captures become timed steps, or say why they can not be played."""

import gzip

import msgspec
import pytest

from services.simulator.errors import BadCapture
from services.simulator.feed.channels import Channel
from services.simulator.replay.capture import parse, play
from shared.market.book import Book
from tests.unit.services.simulator.harness import BOOK, CENTS, TRADES
from tests.unit.services.simulator.replay.recorded import carried, recorded

KXBTC = "kxbtc15m-2026-05-14.jsonl"
NO_SCALE, YES_SCALE = "demo-2026-06-11-no-scale.jsonl", "demo-2026-06-11-yes-scale.jsonl"

DEEP = (
    b'{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"KXD-1","market_id":"",'
    b'"yes_dollars_fp":[["0.4000","1.00"],["0.4500","1.00"]],"no_dollars_fp":[["0.5000","1.00"],["0.9000","1.00"]]}}'
)


@pytest.mark.parametrize(
    ("name", "frames", "markets", "seconds"),
    [
        ("kxbtc15m-2026-05-14.jsonl", 168, 1, 0.632),
        ("twelve-markets-2026-09-14.jsonl", 32, 12, 73.261),
        ("inxd-2023-08-31-morning-cents.jsonl.gz", 20_000, 1, 16_060.086),
        ("tickers-2026-02-12-transitional.jsonl", 10, 10, 0.0),
        ("trades-2026-02-12-transitional.jsonl", 10, 3, 7.0),
        ("demo-2026-06-11-no-scale.jsonl", 5, 1, 12.595),
        ("demo-2026-06-11-yes-scale.jsonl", 3, 1, 0.073),
    ],
)
def test_every_capture(name: str, frames: int, markets: int, seconds: float) -> None:
    """Every frame of every capture is played, at its time, and time never runs backwards."""
    capture = carried(name)
    times = [step.at for step in capture.steps]
    assert (len(capture.steps), len(capture.tickers)) == (frames, markets)
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(seconds, abs=0.001)


def test_messages_stay_as_recorded() -> None:
    """The bytes of `msg` are those of the file."""
    lines = [line for line in recorded(KXBTC).splitlines() if b'"type":"orderbook_' in line]
    for line, step in zip(lines, carried(KXBTC).steps, strict=True):
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


def test_recorded_with_use_yes_price() -> None:
    """The same book, told on either scale, becomes the same steps, each with the bytes of its own recording."""
    told = {parse("book.jsonl", BOOK).steps[0].yes_scale_msg: True, parse("book.jsonl", BOOK).steps[0].msg: False}
    for msg, yes_scale in told.items():
        frame = b'{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":%b}' % msg
        (step,) = parse("one.jsonl", frame, yes_scale=yes_scale).steps
        assert step.ladders == (((4700, 300), (100, 100)), ((4800, 200), (2000, 550)))
        assert (step.yes_scale_msg if yes_scale else step.msg) == msg
        assert msgspec.json.decode(step.msg)["no_dollars_fp"] == [["0.2000", "5.50"], ["0.4800", "2.00"]]


def test_both_demo_captures_are_of_one_book() -> None:
    """Recorded one after the other with either setting: where the second ends on the yes side, the first begins."""
    books = {name: Book() for name in (NO_SCALE, YES_SCALE)}
    for name, book in books.items():
        for step in carried(name).steps[: 1 if name == NO_SCALE else None]:
            play(step, book)
    ladders = {name: (book.ladder("yes"), book.ladder("no")) for name, book in books.items()}
    assert ladders[NO_SCALE] == ladders[YES_SCALE] == (((4700, 300),), ((4800, 200),))


def test_read_on_the_wrong_scale() -> None:
    """Books that are crossed only on the scale that was said tell that it is the wrong one."""
    with pytest.raises(BadCapture, match=r"as deep\.jsonl:yes in SIM_CAPTURE"):
        parse("deep.jsonl", DEEP)
    assert parse("deep.jsonl", DEEP, yes_scale=True).steps[0].ladders == (
        ((4500, 100), (4000, 100)),
        ((5000, 100), (1000, 100)),
    )
    with pytest.raises(BadCapture, match="without :yes in SIM_CAPTURE"):
        parse(KXBTC, recorded(KXBTC), yes_scale=True)


def test_crossed_either_way() -> None:
    """A book that is crossed on both scales is the exchange's own affair, and is played."""
    crossed = DEEP.replace(b'["0.4500"', b'["0.5500"')
    assert len(parse("crossed.jsonl", crossed).steps) == len(parse("crossed.jsonl", crossed, yes_scale=True).steps) == 1


def test_cents_are_never_turned() -> None:
    """Frames in cents are the same for every subscriber, whatever scale is said."""
    for yes_scale in (False, True):
        steps = parse("cents.jsonl", CENTS, yes_scale=yes_scale).steps
        assert all(step.legacy and step.yes_scale_msg == step.msg for step in steps)


def test_time_never_runs_backwards() -> None:
    """A frame with an earlier time than the one before is due with it."""
    assert [step.at for step in parse("cents.jsonl", CENTS).steps] == [0.0, 1.0, 1.0]


def test_an_old_ticker_does_not_begin_a_capture() -> None:
    """A ticker that was caused long before it was sent keeps nobody waiting for what follows."""
    ticker = b'{"type":"ticker","sid":2,"msg":{"market_ticker":"KXA-1-B","ts_ms":1781100000000}}\n'
    assert [step.at for step in parse("old.jsonl", ticker + BOOK).steps] == [0.0, 0.0, 0.0, 0.0, 2.0]
    newer = ticker.replace(b"1781100000000", b"1781100007000")
    assert [step.at for step in parse("only.jsonl", ticker + newer).steps] == [0.0, 7.0]


def test_changes_before_the_first_snapshot_are_passed_over() -> None:
    """A recording that began in the middle begins at the first whole book; without any it is played from nothing."""
    snapshot, _, delta, other = (line for line in BOOK.splitlines() if b'"type":"orderbook_' in line)
    early = b"\n".join((delta, snapshot, other))
    assert [step.kind for step in parse("early.jsonl", early).steps] == ["orderbook_snapshot", "orderbook_delta"]
    assert [step.kind for step in parse("alone.jsonl", other).steps] == ["orderbook_delta"]


def test_trades_do_not_touch_books() -> None:
    """Only book frames move books."""
    book = Book()
    for step in parse("trades.jsonl", TRADES).steps:
        assert step.channel is Channel.TRADE
        play(step, book)
    assert (book.ladder("yes"), book.ladder("no")) == ((), ())


@pytest.mark.parametrize(
    ("kind", "msg", "channel", "ticker"),
    [
        ("fill", b'{"market_ticker":"KXA-1","ts_ms":1781159489957}', Channel.FILL, "KXA-1"),
        ("user_order", b'{"ticker":"KXA-1","status":"resting"}', Channel.ORDERS, "KXA-1"),
        ("market_position", b'{"market_ticker":"KXA-1"}', Channel.POSITIONS, "KXA-1"),
        ("market_lifecycle_v2", b'{"market_ticker":"KXA-1","event_type":"settled"}', Channel.LIFECYCLE, ""),
        ("multivariate_market_lifecycle", b'{"market_ticker":"KXM-1"}', Channel.COMBO_LIFECYCLE, ""),
        ("event_lifecycle", b'{"event_ticker":"KXA"}', Channel.LIFECYCLE, ""),
        ("event_fee_update", b'{"event_ticker":"KXA"}', Channel.LIFECYCLE, ""),
        ("order_group_updates", b'{"order_group_id":"g","ts_ms":1781159489957}', Channel.ORDER_GROUPS, ""),
        ("rfq_created", b'{"id":"r","market_ticker":"KXA-1"}', Channel.COMMUNICATIONS, ""),
        ("cfbenchmarks_value", b'{"index_id":"BRTI","received_at":1781159489957}', Channel.INDEX, ""),
        ("pyth_value", b'{"underlying_ticker":"Metal.XAU/USD"}', Channel.PYTH, ""),
    ],
)
def test_other_messages_are_passed_on(kind: str, msg: bytes, channel: Channel, ticker: str) -> None:
    """Whatever has a channel is a step on it, with the bytes as recorded."""
    (step,) = parse("other.jsonl", b'{"type":"%b","sid":1,"msg":%b}' % (kind.encode(), msg)).steps
    assert (step.kind, step.channel, step.ticker, step.msg, step.yes_scale_msg) == (kind, channel, ticker, msg, msg)


@pytest.mark.parametrize("kind", ["subscribed", "ok", "error", "unsubscribed", "pyth_value_underlying_list", "novelty"])
def test_replies_are_passed_over(kind: str) -> None:
    """What answered the recorder's commands is no news to other clients, and what has no channel can reach none."""
    reply = b'{"type":"%b","id":1,"sid":1,"seq":3,"msg":{"code":8}}\n' % kind.encode()
    assert parse("book.jsonl", reply + BOOK) == parse("book.jsonl", BOOK)


@pytest.mark.parametrize(
    ("name", "data", "line", "problem"),
    [
        ("x.jsonl", b"", 0, "no frame"),
        ("x.jsonl", b'{"type":"subscribed","id":1}\n', 0, "no frame"),
        ("x.jsonl", b"\nnonsense\n", 2, "malformed"),
        ("x.jsonl", b'{"type":"orderbook_delta","msg":{"market_ticker":"A","side":"yes"}}', 1, "incomplete"),
        ("x.jsonl", b'{"type":"fill","msg":{"order_id":"o"}}', 1, "names no market"),
        ("x.jsonl", b'{"event":"connected"}', 1, "no frame"),
        ("x.jsonl", b'{"raw":"hello"}', 1, "malformed"),
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
