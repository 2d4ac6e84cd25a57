"""Messages become the bus's integers exactly, whatever their age and scale."""

import msgspec
import pytest

from proto.market import Event, Lifecycle, PriceRange, Ticker, Trade
from shared.kalshi import normalise, wire
from shared.kalshi.errors import Malformed
from tests.unit.shared.kalshi.captures import frames

NOW = 1_789_418_265_066_123


def delta(**members: object) -> wire.DeltaMsg:
    """Return a delta message with some members replaced."""
    return msgspec.convert({"market_ticker": "T", "side": "yes"} | members, wire.DeltaMsg)


def snapshot(**members: object) -> wire.SnapshotMsg:
    """Return a snapshot message with these members."""
    return msgspec.convert({"market_ticker": "T"} | members, wire.SnapshotMsg)


def trade(**members: object) -> wire.TradeMsg:
    """Return a trade message with some members replaced."""
    usual: dict[str, object] = {
        "trade_id": "i",
        "market_ticker": "T",
        "yes_price_dollars": "0.7700",
        "no_price_dollars": "0.2300",
        "count_fp": "75.00",
        "taker_side": "yes",
    }
    return msgspec.convert(usual | members, wire.TradeMsg)


def ticker(**members: object) -> wire.TickerMsg:
    """Return a ticker message with some members replaced."""
    usual: dict[str, object] = {
        "market_ticker": "T",
        "yes_bid_dollars": "0.0400",
        "yes_ask_dollars": "0.9500",
        "volume_fp": "1.00",
        "open_interest_fp": "1.00",
    }
    return msgspec.convert(usual | members, wire.TickerMsg)


def first_book(name: str, *, yes_scale: bool) -> tuple[wire.SnapshotMsg, tuple[object, object]]:
    """Return the first snapshot of a capture and its ladders."""
    snapshots = (frame for frame in map(wire.decode, frames(name)) if isinstance(frame, wire.OrderbookSnapshot))
    msg = next(snapshots).msg
    return msg, normalise.ladders(msg, yes_scale=yes_scale)


def test_both_scales_mean_the_same_book() -> None:
    """The demo exchange's frames with and without use_yes_price give no prices on the no scale."""
    _, plain = first_book("demo-2026-06-11-no-scale.jsonl", yes_scale=False)
    _, turned = first_book("demo-2026-06-11-yes-scale.jsonl", yes_scale=True)
    assert plain == (((4700, 300),), ((4800, 200),))
    assert turned == (((4700, 300),), ((4800, 100),))


def test_ladders_are_best_first_on_either_scale() -> None:
    """The order on the wire does not matter, and empty levels are no levels."""
    msg = snapshot(
        yes_dollars_fp=[["0.0100", "1.00"], ["0.1700", "165.91"], ["0.0200", "0.00"]],
        no_dollars_fp=[["0.2000", "3.00"], ["0.3000", "4.00"]],
    )
    assert normalise.ladders(msg, yes_scale=False) == (((1700, 16591), (100, 100)), ((3000, 400), (2000, 300)))
    assert normalise.ladders(msg, yes_scale=True)[1] == ((8000, 300), (7000, 400))


@pytest.mark.parametrize("members", [{}, {"yes_dollars_fp": None}, {"yes_dollars_fp": []}, {"yes": []}])
def test_a_missing_side_is_empty(members: dict[str, object]) -> None:
    """An absent key, null and an empty list say the same."""
    assert normalise.ladders(snapshot(**members), yes_scale=True) == ((), ())


def test_one_side_of_a_real_snapshot_is_missing() -> None:
    """The twelve-market capture has a snapshot without yes bids."""
    books = [
        normalise.ladders(frame.msg, yes_scale=False)
        for frame in map(wire.decode, frames("twelve-markets-2026-09-14.jsonl"))
        if isinstance(frame, wire.OrderbookSnapshot)
    ]
    assert [index for index, (yes, _) in enumerate(books) if not yes] == [8]
    assert all(no for _, no in books)


@pytest.mark.parametrize("yes_scale", [False, True])
def test_legacy_cents_are_on_the_no_scale(yes_scale: bool) -> None:
    """The flag is younger than cents, so it does not turn them round."""
    _, books = first_book("inxd-2023-08-31-morning-cents.jsonl.gz", yes_scale=yes_scale)
    assert books == (((1100, 13500),), ((6000, 500), (5000, 500), (4800, 3100)))
    change = normalise.change(delta(side="no", price=48, delta=-31), yes_scale=yes_scale)
    assert change == ("no", 4800, -3100)


def test_todays_strings_win() -> None:
    """The integers of transitional frames were rounded."""
    both = snapshot(yes_dollars_fp=[["0.0810", "3.50"]], yes=[[8, 4]], no=[[90, 1]])
    assert normalise.ladders(both, yes_scale=False) == (((810, 350),), ())
    both_delta = delta(price_dollars="0.0810", delta_fp="0.50", price=8, delta=1)
    assert normalise.change(both_delta, yes_scale=False) == ("yes", 810, 50)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"yes_dollars_fp": [["0.5000", "1.00"], ["0.500", "2.00"]]}, "invalid"),
        ({"yes_dollars_fp": [["0.5000", "-1.00"]]}, "out_of_range"),
        ({"yes_dollars_fp": [["0.0000", "1.00"]]}, "out_of_range"),
        ({"no_dollars_fp": [["1.0000", "1.00"]]}, "out_of_range"),
        ({"no_dollars_fp": [["0.50005", "1.00"]]}, "inexact"),
        ({"yes": [[0, 1]]}, "out_of_range"),
        ({"yes": [[5, 1], [5, 2]]}, "invalid"),
    ],
)
def test_impossible_ladders_are_refused(members: dict[str, object], reason: str) -> None:
    """A ladder that no book can have is not taken over in part."""
    with pytest.raises(Malformed) as caught:
        normalise.ladders(snapshot(**members), yes_scale=False)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("members", "yes_scale", "expected"),
    [
        ({"price_dollars": "0.9600", "delta_fp": "-54.00"}, True, ("yes", 9600, -5400)),
        ({"price_dollars": "0.9600", "delta_fp": "-54.00", "side": "no"}, False, ("no", 9600, -5400)),
        ({"price_dollars": "0.9600", "delta_fp": "-54.00", "side": "no"}, True, ("no", 400, -5400)),
        ({"price": 96, "delta": -54}, False, ("yes", 9600, -5400)),
        ({"price_dollars": "0.960", "price": 96, "delta": 3}, False, ("yes", 9600, 300)),
    ],
)
def test_changes(members: dict[str, object], yes_scale: bool, expected: tuple[str, int, int]) -> None:
    """A change is told on its side's own scale."""
    assert normalise.change(delta(**members), yes_scale=yes_scale) == expected


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "incomplete"),
        ({"price_dollars": "0.9600"}, "incomplete"),
        ({"price_dollars": "0.96001", "delta_fp": "1.00"}, "inexact"),
        ({"price_dollars": "0.9600", "delta_fp": "1.005"}, "inexact"),
        ({"price_dollars": "0.0000", "delta_fp": "1.00"}, "out_of_range"),
        ({"price": 100, "delta": 1}, "out_of_range"),
        ({"price": -1, "delta": 1}, "out_of_range"),
    ],
)
def test_impossible_changes_are_refused(members: dict[str, object], reason: str) -> None:
    """No level lies outside the open range of prices."""
    with pytest.raises(Malformed) as caught:
        normalise.change(delta(**members), yes_scale=False)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("members", "micros"),
    [
        ({"ts_ms": 1_789_418_191_805, "ts": "2020-01-01T00:00:00Z"}, 1_789_418_191_805_000),
        ({"ts": "2026-09-14T20:36:31.805299Z"}, 1_789_418_191_805_299),
        ({"ts": "2026-09-14T20:36:31.80529Z"}, 1_789_418_191_805_290),
        ({"ts": "2026-09-14T20:36:31.805Z"}, 1_789_418_191_805_000),
        ({"ts": "2026-09-14T16:36:31-04:00"}, 1_789_418_191_000_000),
        ({"ts": 1_770_897_981}, 1_770_897_981_000_000),
        ({}, None),
    ],
)
def test_exchange_time(members: dict[str, object], micros: int | None) -> None:
    """Milliseconds win; texts keep up to six digits; integers under `ts` are seconds."""
    assert normalise.exchange_ts(delta(**members)) == micros


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"ts": "yesterday"}, "invalid"),
        ({"ts": "2026-09-14T20:36:31"}, "invalid"),
        ({"ts": "1969-12-31T23:59:59Z"}, "out_of_range"),
        ({"ts_ms": -1}, "out_of_range"),
        ({"ts_ms": 2**53}, "out_of_range"),
    ],
)
def test_impossible_times_are_refused(members: dict[str, object], reason: str) -> None:
    """A time that the bus can not carry is not guessed at."""
    with pytest.raises(Malformed) as caught:
        normalise.exchange_ts(delta(**members))
    assert caught.value.reason == reason


def test_ticker_of_the_exchange() -> None:
    """A captured ticker, with the no side derived."""
    frame = wire.decode(frames("tickers-2026-02-12-transitional.jsonl")[0])
    assert isinstance(frame, wire.Ticker)
    assert normalise.ticker(frame.msg, NOW) == Ticker(
        ticker="KXXRP-26FEB1317-B1.3899500",
        exchange_ts=1_770_897_976_000_000,
        received_ts=NOW,
        last_price=1400,
        yes_bid=400,
        yes_bid_qty=1400,
        yes_ask=9500,
        yes_ask_qty=8400,
        no_bid=500,
        no_ask=9600,
        volume=1_344_600,
        open_interest=89_200,
        dollar_volume=6723,
        dollar_open_interest=446,
    )


def test_legacy_ticker() -> None:
    """Cents and contracts do where there are no strings, and sizes are unknown then."""
    msg = wire.TickerMsg("T", price=14, yes_bid=4, yes_ask=95, volume=7, open_interest=3, ts=1)
    said = normalise.ticker(msg, NOW)
    assert (said.last_price, said.yes_bid, said.yes_ask, said.volume, said.open_interest) == (
        1400,
        400,
        9500,
        700,
        300,
    )
    assert (said.yes_bid_qty, said.yes_ask_qty, said.dollar_volume) == (None, None, None)


def test_ticker_before_the_first_trade() -> None:
    """An empty price text means that nothing was traded yet."""
    assert normalise.ticker(ticker(price_dollars=""), NOW).last_price is None


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"yes_bid_dollars": None}, "incomplete"),
        ({"yes_bid_dollars": ""}, "inexact"),
        ({"yes_ask_dollars": "1.0001"}, "out_of_range"),
        ({"volume_fp": "-1.00"}, "out_of_range"),
        ({"volume_fp": "1.001"}, "inexact"),
        ({"volume_fp": None}, "incomplete"),
    ],
)
def test_impossible_tickers_are_refused(members: dict[str, object], reason: str) -> None:
    """A ticker is taken over whole or not at all."""
    with pytest.raises(Malformed) as caught:
        normalise.ticker(ticker(**members), NOW)
    assert caught.value.reason == reason


def test_trade_of_the_exchange() -> None:
    """A captured trade."""
    frame = wire.decode(frames("trades-2026-02-12-transitional.jsonl")[0])
    assert isinstance(frame, wire.Trade)
    assert normalise.trade(frame.msg, NOW) == Trade(
        ticker="KXSOLD-26FEB1217-T79.9999",
        trade_id="f851595a-6d92-424e-09f8-0d2669de70ae",
        exchange_ts=1_770_897_981_000_000,
        received_ts=NOW,
        yes_price=7700,
        no_price=2300,
        qty=7500,
        taker_side="yes",
        block=False,
    )


@pytest.mark.parametrize(
    ("members", "side"),
    [
        ({"taker_outcome_side": "no", "taker_side": "yes"}, "no"),
        ({"taker_book_side": "ask", "taker_side": None}, "no"),
        ({"taker_book_side": "bid", "taker_side": None}, "yes"),
        ({"taker_side": "no"}, "no"),
    ],
)
def test_taker_side(members: dict[str, object], side: str) -> None:
    """Today's word for the direction wins over the deprecated one."""
    assert normalise.trade(trade(**members), NOW).taker_side == side


def test_legacy_and_block_trades() -> None:
    """Integers do where there are no strings, and a block trade is marked."""
    msg = wire.TradeMsg("i", "T", yes_price=77, no_price=23, count=75, taker_side="no", is_block_trade=True)
    said = normalise.trade(msg, NOW)
    assert (said.yes_price, said.no_price, said.qty, said.block) == (7700, 2300, 7500, True)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"taker_side": None}, "incomplete"),
        ({"no_price_dollars": "1.01"}, "out_of_range"),
        ({"count_fp": "x"}, "inexact"),
    ],
)
def test_impossible_trades_are_refused(members: dict[str, object], reason: str) -> None:
    """A trade is taken over whole or not at all."""
    with pytest.raises(Malformed) as caught:
        normalise.trade(trade(**members), NOW)
    assert caught.value.reason == reason


def test_lifecycle_of_a_new_market() -> None:
    """Seconds become microseconds, and nested metadata comes to the top."""
    msg = msgspec.convert(
        {
            "market_ticker": "T",
            "event_type": "created",
            "open_ts": 10,
            "close_ts": 20,
            "price_level_structure": "linear_cent",
            "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
            "additional_metadata": {
                "title": "t",
                "yes_sub_title": "y",
                "no_sub_title": "n",
                "event_ticker": "E",
                "strike_type": "greater",
                "floor_strike": 5,
            },
        },
        wire.LifecycleMsg,
    )
    assert normalise.lifecycle(msg, NOW) == Lifecycle(
        ticker="T",
        event_type="created",
        source="exchange",
        exchange_ts=None,
        received_ts=NOW,
        open_ts=10_000_000,
        close_ts=20_000_000,
        price_level_structure="linear_cent",
        price_ranges=(PriceRange(0, 10_000, 100),),
        event_ticker="E",
        title="t",
        yes_sub_title="y",
        no_sub_title="n",
        strike_type="greater",
        floor_strike=5.0,
    )


def test_lifecycle_of_a_determined_market() -> None:
    """The result comes with a price, or with an empty text where there is none yet."""
    msg = wire.LifecycleMsg(
        "T", "determined", result="yes", settlement_value="1.0000", determination_ts=30, yes_sub_title="y"
    )
    said = normalise.lifecycle(msg, NOW)
    assert (said.result, said.settlement_value, said.determination_ts) == ("yes", 10_000, 30_000_000)
    assert said.yes_sub_title == "y"
    assert normalise.lifecycle(wire.LifecycleMsg("T", "x", settlement_value=""), NOW).settlement_value is None


@pytest.mark.parametrize("spelling", ["subtitle", "sub_title"])
def test_event(spelling: str) -> None:
    """Both spellings of the subtitle are read."""
    msg = msgspec.convert(
        {"event_ticker": "E", "title": "t", spelling: "s", "series_ticker": "S", "strike_date": 7},
        wire.EventMsg,
    )
    assert normalise.event(msg, NOW) == Event(
        event_ticker="E",
        received_ts=NOW,
        title="t",
        subtitle="s",
        series_ticker="S",
        collateral_return_type="",
        strike_ts=7_000_000,
    )
