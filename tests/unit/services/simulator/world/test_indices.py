"""Indices walk while somebody listens, and are told as the exchange tells them."""

from typing import Any

import msgspec
import pytest

from proto.units import SECOND
from services.simulator.feed.channels import Channel
from services.simulator.world.indices import Indices
from shared.market.clock import Now
from tests.asyncapi import check
from tests.unit.services.simulator.harness import START, Client, Table

#: The start is a quarter of an hour on the clock.
_QUARTER_MS = 900_000
_FAST = ["BRTI", "ETHUSD_RTI", "SOLUSD_RTI", "XRPUSD_RTI", "DOGEUSD_RTI"]


class Draws:
    """Numbers in [0, 1) that can be repeated, and how many were drawn."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self) -> float:
        """Draw."""
        self.drawn += 1
        return self.drawn * 0.6180339887 % 1


def exchange() -> tuple[Table, Indices, Draws]:
    """Return a table with indices."""
    table, draws = Table([]), Draws()
    indices = Indices(table.exchange.floor, draws)
    table.exchange.engines.append(indices)
    return table, indices, draws


def listener(table: Table, channel: str, **names: Any) -> Client:
    """Return a client that has subscribed."""
    client = table.client()
    client.say("subscribe", channels=[channel], **names)
    return client


def heard(client: Client) -> list[dict[str, Any]]:
    """Return the messages that a client heard, held to the exchange's document, without a hole in their sequence."""
    frames = client.heard_raw()
    for frame in frames:
        check(frame)
    assert [frame["seq"] for frame in frames] == list(range(frames[0]["seq"], frames[0]["seq"] + len(frames)))
    return [frame["msg"] for frame in frames]


def test_nothing_is_drawn_while_nobody_listens() -> None:
    """Neither before somebody comes nor after the last has gone."""
    table, _, draws = exchange()
    table.pass_time(10)
    assert draws.drawn == 0
    client = listener(table, "pyth_value", underlying_tickers=["all"])
    table.pass_time(1)
    client.leave()
    drawn = draws.drawn
    assert drawn > 0
    table.pass_time(10)
    assert draws.drawn == drawn


def test_what_is_asked_for_comes_once_a_second() -> None:
    """The value stands inside a JSON text, with its average of a full minute from the first message on."""
    table, _, _ = exchange()
    client = listener(table, "cfbenchmarks_value", index_ids=["BRTI", "LTCUSD_RTI"])
    table.now = Now(START.at, START.ts + 30 * SECOND)
    table.pass_time(2.5)
    messages = heard(client)
    assert [msg["index_id"] for msg in messages] == ["BRTI", "LTCUSD_RTI"] * 3
    for msg in messages:
        data, average = msgspec.json.decode(msg["data"]), msg["avg_60s_data"]
        assert (data["type"], data["id"]) == ("value", msg["index_id"])
        assert 0 < msg["received_at"] - data["time"] < 20
        assert average["window_size"] in {60, 61}
        assert average["window_end_ts_exclusive"] - average["window_start_ts_ms"] == 60_000
        assert float(average["value"]) == pytest.approx(float(data["value"]), rel=0.01)
        assert "last_60s_windowed_average_15min" not in msg
    assert len({msg["data"] for msg in messages}) == 6


def test_the_average_that_decides_a_quarter_is_told_in_its_last_minute_only() -> None:
    """Its window begins with that minute and grows by one value a second."""
    table, _, _ = exchange()
    client = listener(table, "cfbenchmarks_value", index_ids=["BRTI"])
    table.now = Now(START.at, START.ts - 70 * SECOND)
    table.pass_time(80)
    decisive = [
        (msg["received_at"] % _QUARTER_MS, msg["last_60s_windowed_average_15min"])
        for msg in heard(client)
        if "last_60s_windowed_average_15min" in msg
    ]
    assert 59 <= len(decisive) <= 61
    # A value that is received just after the end was made just before it.
    assert all(received_ms >= _QUARTER_MS - 60_000 or received_ms < 20 for received_ms, _ in decisive)
    assert [average["window_size"] for _, average in decisive] == list(range(1, len(decisive) + 1))
    assert {average["window_start_ts_ms"] for _, average in decisive} == {START.ts // 1000 - 60_000}


def test_the_fast_channel_speaks_five_times_a_second() -> None:
    """Only of its five indices, and the value is the one inside the text."""
    table, _, _ = exchange()
    client = listener(table, "cfbenchmarks_value_5hz", index_ids=["all"])
    table.pass_time(1.9)
    messages = heard(client)
    assert [msg["index_id"] for msg in messages] == _FAST * 10
    for msg in messages:
        data = msgspec.json.decode(msg["data"])
        assert float(data["value"]) == float(msg["value_usd"])
        assert data["time"] == msg["source_ts_ms"] < msg["received_at"]


def test_pyth_values_come_once_a_second() -> None:
    """Those of the names that were asked for."""
    table, _, _ = exchange()
    client = listener(table, "pyth_value", underlying_tickers=["Metal.XAU/USD"])
    table.pass_time(1.5)
    assert [msg["underlying_ticker"] for msg in heard(client)] == ["Metal.XAU/USD"] * 2


def test_both_channels_of_an_index_tell_one_price() -> None:
    """Whoever hears both sees the same value at the same time."""
    table, _, _ = exchange()
    slow = listener(table, "cfbenchmarks_value", index_ids=["BRTI"])
    fast = listener(table, "cfbenchmarks_value_5hz", index_ids=["BRTI"])
    table.pass_time(3)
    values = {msg["received_at"]: msg["data"] for msg in heard(fast)}
    assert all(values[msg["received_at"]] == msg["data"] for msg in heard(slow))


def test_all_names_can_be_listed() -> None:
    """The world knows what there is on each channel."""
    table, _, _ = exchange()
    names = table.world.names
    assert names[Channel.INDEX_5HZ] == tuple(_FAST)
    assert set(_FAST) < set(names[Channel.INDEX])
    assert "Commodities.Index.PYTHOIL/USD" in names[Channel.PYTH]


def test_turns_that_were_missed_are_not_made_up_for() -> None:
    """After a pause there is one value, not a burst."""
    table, _, _ = exchange()
    client = listener(table, "cfbenchmarks_value_5hz", index_ids=["BRTI"])
    table.pass_time(0)
    client.heard()
    table.now = Now(START.at + 30, START.ts + 30 * SECOND)
    table.pass_time(0)
    assert len(heard(client)) == 1


def test_two_runs_with_one_seed_are_the_same() -> None:
    """Nothing but the seed and the clock decides."""
    runs = []
    for _ in range(2):
        table, _, _ = exchange()
        client = listener(table, "cfbenchmarks_value", index_ids=["all"])
        table.pass_time(5)
        runs.append(heard(client))
    assert runs[0] == runs[1]
