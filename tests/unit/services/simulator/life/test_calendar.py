"""Markets come, open, close, are determined, settled and forgotten when their time has come."""

from typing import Any

import pytest
from msgspec.structs import replace

from proto.units import SECOND
from services.simulator.life.arrivals import ComboArrivals, RoundArrivals
from services.simulator.universe.rounds import Rounds
from services.simulator.world.listing import Arrival, Leg
from services.simulator.world.market import Phase
from shared.market.clock import Now
from tests.asyncapi import check
from tests.unit.services.simulator.harness import START, Client, kinds
from tests.unit.services.simulator.life.lives import SEEDED, Lives, arriving

_LIFECYCLES = ["market_lifecycle_v2", "multivariate_market_lifecycle"]
_START_S = START.ts // SECOND


def listener(lives: Lives, *channels: str, **params: Any) -> Client:
    """Return a client that has subscribed."""
    client = lives.table.client()
    client.say("subscribe", channels=list(channels), **params)
    client.heard()
    return client


def heard(client: Client) -> list[dict[str, Any]]:
    """Return what a client heard, each frame held to the exchange's document."""
    frames = client.heard_raw()
    for frame in frames:
        check(frame)
    return frames


def steps(client: Client) -> list[tuple[str, str]]:
    """Return ticker and event type of each step that a client heard of."""
    frames = heard(client)
    return [(f["msg"]["market_ticker"], f["msg"]["event_type"]) for f in frames if "event_type" in f["msg"]]


def test_a_market_opens_silently_by_deltas_that_an_early_subscriber_can_follow() -> None:
    """On the lifecycle channel nothing is said; the book fills from the empty snapshot, and the flow is told."""
    lives = Lives()
    market = lives.begin("KXA-1", opens_in_s=10)
    life = listener(lives, *_LIFECYCLES)
    book = lives.table.client()
    early = book.say("subscribe", channels=["orderbook_delta"], market_ticker="KXA-1")[1]
    assert "yes_dollars_fp" not in early["msg"]
    lives.table.pass_time(9.5)
    assert (market.phase, lives.flowing) == (Phase.INITIALIZED, [])
    lives.table.pass_time(1)
    assert (market.phase, lives.flowing) == (Phase.ACTIVE, ["KXA-1"])
    levels = [(f["msg"]["side"], f["msg"]["price_dollars"], f["msg"]["delta_fp"]) for f in heard(book)]
    assert levels == [("yes", "0.4800", "3.00"), ("yes", "0.4700", "5.00"), ("no", "0.5100", "2.00")]
    assert heard(life) == []
    assert market.updated_ts == START.ts + 10 * SECOND


def test_a_market_closes_silently_and_its_book_is_emptied_by_deltas() -> None:
    """Every level leaves by one delta with one time, and the ticker then shows an empty book."""
    lives = Lives()
    market = lives.begin("KXA-1", closes_in_s=10)
    client = listener(lives, "orderbook_delta", "ticker", "market_lifecycle_v2", market_ticker="KXA-1")
    lives.table.pass_time(10)
    frames = heard(client)
    assert kinds(frames) == ["orderbook_delta"] * 3 + ["ticker"]
    assert len({frame["msg"]["ts_ms"] for frame in frames}) == 1
    assert (frames[-1]["msg"]["yes_bid_dollars"], frames[-1]["msg"]["yes_ask_dollars"]) == ("0.0000", "1.0000")
    assert (market.phase, market.ladders(), lives.flowing) == (Phase.CLOSED, ((), ()), [])


def test_a_closed_market_is_determined_then_settled_then_forgotten() -> None:
    """Each after its time, with the members of the exchange's messages; the event goes with its last market."""
    lives = Lives(determine_after_s=5, keep_s=100)
    market = lives.begin("KXA-1", closes_in_s=10)
    client = listener(lives, "market_lifecycle_v2")
    lives.table.pass_time(15)
    [determined] = heard(client)
    result = market.result
    assert determined["msg"] == {
        "market_ticker": "KXA-1",
        "event_type": "determined",
        "result": result,
        "settlement_value": "1.0000" if result == "yes" else "0.0000",
        "determination_ts": _START_S + 15,
    }
    assert market.phase is Phase.DETERMINED
    assert market.settlement_value == (10_000 if result == "yes" else 0)
    lives.table.pass_time(3)
    [settled] = heard(client)
    assert settled["msg"] == {"market_ticker": "KXA-1", "event_type": "settled", "settled_ts": _START_S + 18}
    assert (market.phase, market.settled_ts) == (Phase.FINALIZED, START.ts + 18 * SECOND)
    lives.table.pass_time(99)
    assert "KXA-1" in lives.table.world.markets
    lives.table.pass_time(1)
    assert (lives.table.world.markets, lives.table.world.events) == ({}, {})
    assert heard(client) == []


def test_exactly_one_market_of_a_mutually_exclusive_event_ends_with_yes() -> None:
    """It is the dearest, whenever each of them closes and although the book is empty by then."""
    lives = Lives(keep_s=5)
    markets = [
        lives.begin(f"KXA-1-{name}", exclusive=True, closes_in_s=at)
        for name, at in zip("ABC", (60, 10, 10), strict=True)
    ]
    for market, bid in zip(markets, (2000, 3000, 4800), strict=True):
        market.book.load(((bid, 100),), ((10_000 - bid - 100, 100),))
    lives.table.pass_time(66)
    assert [market.result for market in markets] == ["no", "no", "yes"]


@pytest.mark.parametrize(("price", "result"), [(9990, "yes"), (10, "no")])
def test_a_market_alone_ends_as_its_price_foretells(price: int, result: str) -> None:
    """A price is a probability: near a dollar it is yes nearly always, near nothing no."""
    lives = Lives()
    markets = [lives.begin(f"KXA-{n}", closes_in_s=10) for n in range(20)]
    for market in markets:
        market.book.load((), ())
        market.last_price = price
    lives.table.pass_time(15)
    assert {market.result for market in markets} == {result}


def test_a_turn_takes_only_so_many_steps() -> None:
    """When hundreds of markets close at once the others at the exchange get their turn in between."""
    lives = Lives()
    markets = [lives.begin(f"KXA-{n}", closes_in_s=10) for n in range(120)]
    lives.table.pass_time(9)
    lives.table.now = Now(START.at + 10, START.ts + 10 * SECOND)
    lives.table.turn()
    assert sum(market.phase is Phase.CLOSED for market in markets) == 50
    lives.table.pass_time(0)
    assert all(market.phase is Phase.CLOSED for market in markets)


def test_a_time_that_was_moved_counts_and_the_old_one_does_not() -> None:
    """A market whose close is later does not close at the old time, even if it is followed twice."""
    lives = Lives()
    market = lives.begin("KXA-1", closes_in_s=10)
    market.listing = replace(market.listing, close_ts=START.ts + 20 * SECOND)
    lives.calendar.follow(market)
    lives.calendar.follow(market)
    lives.table.pass_time(19)
    assert lives.flowing == ["KXA-1"]
    lives.table.pass_time(1)
    assert market.phase is Phase.CLOSED


def test_rounds_follow_each_other_for_ever_and_leave_nothing_behind() -> None:
    """Each is announced one round ahead with its event, and when it is forgotten the world is as small as before."""
    lives = Lives(determine_after_s=1, keep_s=2)
    lives.calendar.expect(RoundArrivals(Rounds(10)))
    client = listener(lives, "market_lifecycle_v2")
    lives.table.pass_time(0)
    frames = heard(client)
    assert kinds(frames) == ["event_lifecycle", "market_lifecycle_v2"] * 2
    now, ahead = (frame["msg"] for frame in frames[1::2])
    assert (now["open_ts"], ahead["open_ts"], ahead["close_ts"]) == (_START_S, _START_S + 10, _START_S + 20)
    markets = lives.table.world.markets
    assert [market.phase for market in markets.values()] == [Phase.ACTIVE, Phase.INITIALIZED]
    lives.table.pass_time(14.5)
    assert [step for ticker, step in steps(client) if ticker == now["market_ticker"]] == ["determined", "settled"]
    lives.table.pass_time(1000)
    assert len(markets) <= 4
    assert set(lives.table.world.series) == {"KXBTC15M"}
    assert lives.flowing == [market.ticker for market in markets.values() if market.phase is Phase.ACTIVE]


def test_who_waits_for_a_round_before_it_is_listed_hears_its_book_from_the_first_delta() -> None:
    """The subscription to a ticker that does not exist yet comes to life by itself."""
    lives = Lives()
    rounds = Rounds(10)
    lives.calendar.expect(RoundArrivals(rounds))
    ticker = rounds.listing(START.ts // rounds.length + 2)[1].ticker
    client = listener(lives, "orderbook_delta", market_ticker=ticker)
    lives.table.pass_time(20)
    assert kinds(heard(client)) == ["orderbook_delta"] * sum(map(len, SEEDED))


def combo(number: int, ts: int) -> Arrival:
    """Return a combo of two markets."""
    legs = tuple(Leg(event_ticker=f"KXA-{n}", market_ticker=f"KXA-{n}", side="yes") for n in (1, 2))
    made = arriving(
        f"KXMVE-{number}-A",
        closes_in_s=10_000,
        mve_collection_ticker="KXMVE-R",
        mve_selected_legs=legs,
        price_level_structure="center_deci_edge_centi_cent",
    )
    return made._replace(listing=replace(made.listing, created_ts=ts))


def test_combos_come_and_go_on_their_own_channel() -> None:
    """Each new one is told with its event on the combos' channel alone, and none lives longer than it may."""
    lives = Lives(determine_after_s=1, keep_s=5)
    lives.calendar.expect(ComboArrivals(combo, every_s=10, life_s=20))
    combos, others = (listener(lives, channel) for channel in reversed(_LIFECYCLES))
    lives.table.pass_time(24)
    frames = heard(combos)
    assert kinds(frames) == ["event_lifecycle", "multivariate_market_lifecycle"] * 3 + ["multivariate_market_lifecycle"]
    assert [frame["msg"]["event_type"] for frame in frames[1:6:2]] == ["created"] * 3
    assert frames[-1]["msg"]["event_type"] == "determined"
    assert lives.flowing == []
    lives.table.pass_time(300)
    assert len(lives.table.world.markets) <= 5
    assert heard(others) == []


@pytest.mark.parametrize(("prices", "result"), [((9999, 9999), "yes"), ((9999, 1), "no")])
def test_a_combo_ends_as_its_legs_have_ended(prices: tuple[int, int], result: str) -> None:
    """It waits until they are determined, and is yes only if every one of them ended as it says."""
    lives = Lives()
    legs = combo(0, START.ts).listing.mve_selected_legs
    made = lives.begin("KXMVE-0", closes_in_s=10, mve_collection_ticker="KXMVE-R", mve_selected_legs=legs)
    for leg, price in zip(legs, prices, strict=True):
        market = lives.begin(leg.market_ticker, closes_in_s=10)
        market.book.load((), ())
        market.last_price = price
    lives.table.pass_time(15)
    assert (made.phase, made.result) == (Phase.CLOSED, "")
    lives.table.pass_time(5)
    assert made.result == result
