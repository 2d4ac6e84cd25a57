"""What captures of the real exchange show and its documents do not: the simulator does it too."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx
import msgspec
import pytest

from services.simulator.feed.habits import Habits
from services.simulator.http.application import API, Controls, application
from services.simulator.replay.capture import Capture, parse
from services.simulator.session.session import Session
from tests.simulated import DATA, Simulated

CENTS = "inxd-2023-08-31-morning-cents.jsonl.gz"
TWELVE = "twelve-markets-2026-09-14.jsonl"
TICKERS = "tickers-2026-02-12-transitional.jsonl"
BITCOIN = "kxbtc15m-2026-05-14.jsonl"


def carried(name: str) -> Capture:
    """Return a capture that the simulator carries."""
    return parse(name, (DATA / name).read_bytes())


def crowd(seconds: float = 60.0) -> tuple[Simulated, Session]:
    """Return an exchange with a crowd, and a client that has heard all its books and trades for so long."""
    simulated = Simulated(sim_markets=40, sim_combos=0, sim_round=0.0, sim_rate=150.0)
    client = simulated.open()
    tickers = list(simulated.world.markets)
    simulated.say(
        client, "subscribe", 1, channels=["orderbook_delta", "trade", "ticker", "fill"], market_tickers=tickers
    )
    simulated.run(seconds)
    return simulated, client


@pytest.fixture(scope="module")
def heard() -> list[dict[str, Any]]:
    """What a client heard in a minute of a crowd's trading."""
    simulated, client = crowd()
    return simulated.heard(client)


def shuffled() -> Iterator[list[dict[str, Any]]]:
    """Yield what twenty clients are answered who send six commands together."""
    simulated = Simulated(habits=Habits(acks_shuffled=True), sim_markets=40, sim_combos=0, sim_rate=0.0)
    tickers = list(simulated.world.markets)
    for _ in range(20):
        client = simulated.open()
        for command_id, ticker in enumerate(tickers[:5], 2):
            simulated.say(client, "subscribe", command_id, channels=["orderbook_delta"], market_tickers=[ticker])
        simulated.run()
        yield simulated.heard(client)


def test_1_ok_takes_a_number_of_its_sid() -> None:
    """`ok` consumes a sequence number, `subscribed` has none: an `ok` can have number 1, before any snapshot."""
    firsts = Counter[str]()
    for frames in shuffled():
        numbered = [frame for frame in frames if "seq" in frame]
        assert [frame["seq"] for frame in numbered] == list(range(1, 10))
        assert not any("seq" in frame for frame in frames if frame["type"] == "subscribed")
        firsts[numbered[0]["type"]] += 1
    assert set(firsts) == {"ok", "orderbook_snapshot"}


def test_2_acknowledgements_come_out_of_order() -> None:
    """They come neither in the order of the commands nor in that of the snapshots, which are in between."""
    orders = set()
    interleaved = 0
    for frames in shuffled():
        acknowledged = tuple(frame["id"] for frame in frames if "id" in frame)
        assert sorted(acknowledged) == [2, 3, 4, 5, 6]
        orders.add(acknowledged)
        kinds = "".join("s" if frame["type"] == "orderbook_snapshot" else "a" for frame in frames)
        interleaved += "sa" in kinds and "as" in kinds
    assert len(orders) > 10
    assert interleaved > 10


def test_3_further_subscribes_join_the_same_sid() -> None:
    """A subscribe to an open channel is answered by `ok` with the cumulative list."""
    simulated = Simulated([carried(TWELVE)])
    client = simulated.open()
    tickers = list(simulated.world.markets)[:3]
    for command_id, ticker in enumerate(tickers, 1):
        simulated.say(client, "subscribe", command_id, channels=["orderbook_delta"], market_tickers=[ticker])
    replies = [frame for frame in simulated.heard(client) if frame["type"] != "orderbook_snapshot"]
    assert [(reply["type"], reply["id"]) for reply in replies] == [("subscribed", 1), ("ok", 2), ("ok", 3)]
    assert [reply["sid"] for reply in replies[1:]] == [replies[0]["msg"]["sid"]] * 2
    assert [reply["msg"]["market_tickers"] for reply in replies[1:]] == [tickers[:2], tickers]


def test_4_every_frame_ends_with_a_newline() -> None:
    """So a recorder that adds its own leaves blank lines, and what it recorded can be played again."""
    simulated, client = crowd(1.0)
    frames = simulated.heard_raw(client)
    assert all(frame.endswith(b"}\n") and frame.count(b"\n") == 1 for frame in frames)
    recording = b"\n".join(frames)
    assert b"\n\n" in recording
    again = parse("again.jsonl", recording)
    told = [frame for frame in map(msgspec.json.decode, frames) if frame["type"] != "subscribed"]
    assert [msgspec.json.decode(step.msg) for step in again.steps] == [frame["msg"] for frame in told]


def test_5_an_empty_side_is_a_missing_key() -> None:
    """One side or both can be missing, and a market that nobody knows has an empty id."""
    simulated = Simulated([carried(TWELVE)])
    client = simulated.open()
    tickers = [*simulated.world.markets, "KXNONE-1"]
    simulated.say(client, "subscribe", 1, channels=["orderbook_delta"], market_tickers=tickers)
    snapshots = [frame["msg"] for frame in simulated.heard(client)[1:]]
    sides = Counter(tuple(side for side in ("yes_dollars_fp", "no_dollars_fp") if side in msg) for msg in snapshots)
    assert sides == {("yes_dollars_fp", "no_dollars_fp"): 11, ("no_dollars_fp",): 1, (): 1}
    assert snapshots[-1] == {"market_ticker": "KXNONE-1", "market_id": ""}
    assert not any([] in msg.values() or None in msg.values() for msg in snapshots)


def test_6_times_are_trimmed_and_can_be_missing(heard: list[dict[str, Any]]) -> None:
    """The `ts` of a delta has no trailing zeros, `ts_ms` was not always there, and snapshots have no time at all."""
    times = [frame["msg"]["ts"] for frame in heard if frame["type"] == "orderbook_delta"]
    fractions = [time.partition(".")[2].removesuffix("Z") for time in times]
    assert not any(fraction.endswith("0") for fraction in fractions)
    assert {6, 5} <= {len(fraction) for fraction in fractions}
    snapshot = next(frame for frame in heard if frame["type"] == "orderbook_snapshot")
    assert set(snapshot["msg"]) <= {"market_ticker", "market_id", "yes_dollars_fp", "no_dollars_fp"}
    april = Simulated([carried(BITCOIN)], habits=Habits(ts_ms=False, sending_ts_ms=False))
    client = april.open()
    april.say(client, "subscribe", 1, channels=["orderbook_delta"], market_tickers=list(april.world.markets))
    april.run(0.7)
    told = april.heard(client)
    assert {frame["type"] for frame in told} >= {"orderbook_delta"}
    assert not any("ts_ms" in frame["msg"] or "sending_ts_ms" in frame for frame in told)


def test_7_a_price_move_is_two_deltas_of_one_time(heard: list[dict[str, Any]]) -> None:
    """An order that moves leaves one level and enters another at the same time: in between the book lacks it."""
    deltas = [frame["msg"] for frame in heard if frame["type"] == "orderbook_delta"]
    moves = sum(is_move(one, other) for one, other in pairwise(deltas))
    assert moves > len(deltas) / 20
    # Whoever takes two messages of one time for the same one loses some.
    assert len({(msg["market_ticker"], msg["ts"]) for msg in deltas}) < len(deltas) * 0.95


def is_move(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two deltas take a quantity from one level to another at the same time."""
    same = all(one[member] == other[member] for member in ("market_ticker", "ts", "side"))
    moved = one["price_dollars"] != other["price_dollars"]
    return same and moved and Decimal(one["delta_fp"]) == -Decimal(other["delta_fp"])


def test_8_snapshots_of_one_market_differ() -> None:
    """Two snapshots of one market follow each other without a delta in between, 0.4 s apart, with other contents."""
    simulated = Simulated([carried(CENTS)])
    client = simulated.open()
    (ticker,) = simulated.world.markets
    simulated.say(client, "subscribe", 1, channels=["orderbook_delta"], market_tickers=[ticker])
    simulated.run(0.0)
    first = simulated.heard(client)[-1]
    simulated.run(0.39)
    assert simulated.heard(client) == []
    simulated.run(0.02)
    (second,) = simulated.heard(client)
    assert (first["type"], second["type"]) == ("orderbook_snapshot", "orderbook_snapshot")
    assert second["seq"] == first["seq"] + 1
    assert len(second["msg"]["no"]) > len(first["msg"]["no"])


def test_9_quantities_are_fractional_and_large(heard: list[dict[str, Any]]) -> None:
    """Hundredths of contracts and more than 15 million of them are told exactly; sums of floats are not exact."""
    quantities = {msg["delta_fp"] for msg in (frame["msg"] for frame in heard) if "delta_fp" in msg}
    assert any(not quantity.endswith(".00") for quantity in quantities)
    simulated, client = crowd(0.0)
    ticker = simulated.world.markets[next(iter(simulated.world.markets))]
    simulated.exchange.floor.replace(ticker, ((100, 1_500_000_003),), ())
    simulated.exchange.floor.change(ticker, [("yes", 100, 12_345)], simulated.now.ts)
    simulated.say(client, "update_subscription", 2, action="get_snapshot", sid=1, market_tickers=[ticker.ticker])
    assert simulated.heard(client)[-1]["msg"]["yes_dollars_fp"] == [["0.0100", "15000123.48"]]
    exact, floats = sums(heard)
    assert any(exact[level] == 0 and floats[level] != 0 for level in exact)


def sums(frames: Sequence[dict[str, Any]]) -> tuple[Counter[tuple[str, ...]], dict[tuple[str, ...], float]]:
    """Return what rests at each level after all frames, added up exactly and in floats."""
    exact: Counter[tuple[str, ...]] = Counter()
    floats: dict[tuple[str, ...], float] = {}
    for frame in frames:
        msg = frame.get("msg", {})
        for side in ("yes", "no") if frame["type"] == "orderbook_snapshot" else ():
            for price, quantity in msg.get(f"{side}_dollars_fp", ()):
                level = (msg["market_ticker"], side, price)
                exact[level], floats[level] = round(Decimal(quantity) * 100), float(quantity)
        if frame["type"] == "orderbook_delta":
            level = (msg["market_ticker"], msg["side"], msg["price_dollars"])
            exact[level] += round(Decimal(msg["delta_fp"]) * 100)
            floats[level] = floats.get(level, 0.0) + float(msg["delta_fp"])
    return exact, floats


def test_10_trades_are_numbered_and_tickers_are_not(heard: list[dict[str, Any]]) -> None:
    """`trade` has a sid and a sequence of its own; `ticker` and `fill` have no sequence."""
    trades = [frame for frame in heard if frame["type"] == "trade"]
    assert [trade["seq"] for trade in trades] == list(range(1, len(trades) + 1))
    tickers = [frame for frame in heard if frame["type"] == "ticker"]
    assert trades
    assert tickers
    assert not any("seq" in ticker for ticker in tickers)
    assert {trades[0]["sid"]}.isdisjoint(frame["sid"] for frame in heard if "sid" in frame and frame["type"] != "trade")
    simulated, client = crowd(0.0)
    market = next(iter(simulated.world.markets))
    body = msgspec.json.encode({"type": "fill", "msg": {"market_ticker": market}})
    simulated.parts.private.send(body, simulated.now)
    simulated.run()
    fill = simulated.heard(client)[-1]
    assert (fill["type"], "seq" in fill) == ("fill", False)


def test_10_tickers_can_be_minutes_old() -> None:
    """A new subscriber is given the ticker as it was last caused, with the time of that."""
    simulated, _ = crowd(300.0)
    late = simulated.open()
    tickers = list(simulated.world.markets)
    simulated.say(late, "subscribe", 1, channels=["ticker"], market_tickers=tickers, send_initial_snapshot=True)
    ages_ms = [simulated.now.ts // 1000 - frame["msg"]["ts_ms"] for frame in simulated.heard(late)[1:]]
    assert len(ages_ms) == len(tickers)
    assert max(ages_ms) > 60_000


def test_11_an_unknown_channel_spoils_only_itself() -> None:
    """It gives error 8 without sid or seq, and the other channels of that command still work."""
    simulated = Simulated([carried(TICKERS)])
    client = simulated.open()
    simulated.say(client, "subscribe", 3, channels=["ticker", "ticker_v2", "trade"])
    replies = simulated.heard(client)
    assert [reply["type"] for reply in replies] == ["subscribed", "error", "subscribed"]
    assert set(replies[1]) == {"type", "id", "msg", "sending_ts_ms"}
    assert replies[1]["msg"] == {"code": 8, "msg": "Unknown channel name"}
    simulated.run(0.1)
    assert {frame["type"] for frame in simulated.heard(client)} == {"ticker"}


class Rest:
    """The REST side of an exchange as it is by default."""

    def __init__(self) -> None:
        simulated = Simulated(sim_markets=100)
        controls = Controls(*[lambda *_: {}] * len(Controls._fields))
        self._app = application(simulated.exchange, lambda *_: None, controls, now=lambda: simulated.now, tier="prime")

    async def markets(self, **params: Any) -> httpx.Response:
        """Return the reply to GET /markets."""
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
            return await client.get(f"{API}/markets", params=params)


async def test_12_what_is_open_is_mostly_combos() -> None:
    """By default the open markets are for the most part combos that nobody has traded."""
    reply = await Rest().markets(status="open")
    markets = reply.json()["markets"]
    unused = [market for market in markets if market["ticker"].startswith("KXMVE") and market["volume_fp"] == "0.00"]
    assert len(markets) == 100
    assert len(unused) > 50


async def test_12_a_garbage_cursor_is_not_refused() -> None:
    """It gives a silent 200."""
    reply = await Rest().markets(cursor="garbage")
    assert reply.status_code == 200
    assert set(reply.json()) == {"markets", "cursor"}


async def test_12_the_last_page_has_an_empty_cursor() -> None:
    """Pages end with an empty string, not with a missing member."""
    rest = Rest()
    cursor, pages = "", 0
    while True:
        body = (await rest.markets(cursor=cursor, limit=60)).json()
        pages += 1
        if not body["cursor"]:
            break
        cursor = body["cursor"]
    assert body["cursor"] == ""
    assert pages > 3


async def test_12_a_limit_beyond_the_most_is_refused() -> None:
    """limit=1001 gives 400, in the words of the exchange."""
    reply = await Rest().markets(limit=1001)
    assert reply.status_code == 400
    assert reply.json() == {
        "msg": "Parameter validation failed for GetMarkets: Key: 'GetMarketsParams.Limit' "
        "Error:Field validation for 'Limit' failed on the 'lte' tag"
    }
