"""Rounds follow each other by the clock alone."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.units import SECOND
from services.simulator.universe.rounds import Rounds
from services.simulator.world.listing import Listing
from services.simulator.world.ticks import ticks
from shared.kalshi.hours import micros

LENGTHS = st.sampled_from([0.5, 1, 5, 7.5, 60, 90, 900, 3600])
TIMES = st.integers(micros(datetime(2020, 1, 1, tzinfo=UTC)), micros(datetime(2040, 1, 1, tzinfo=UTC)))


def _closing_at(rounds: Rounds, text: str) -> Listing:
    close_ts = micros(datetime.fromisoformat(text))
    return rounds.listing(rounds.current(close_ts)[0] - 1)[1]


def test_tickers_are_the_exchanges() -> None:
    """A ticker tells when the round closes, in New York, as that of the recorded one does."""
    event, market = Rounds().listing(Rounds().current(micros(datetime(2026, 5, 14, 22, 14, 59, tzinfo=UTC)))[0])
    assert (event.ticker, market.ticker) == ("KXBTC15M-26MAY141815", "KXBTC15M-26MAY141815-15")
    assert (market.event_ticker, market.series_ticker) == (event.ticker, Rounds().series.ticker)
    assert market.close_ts == event.strike_ts == micros(datetime(2026, 5, 14, 22, 15, tzinfo=UTC))


def test_a_round_is_described() -> None:
    """Title, target, rules and grid are in the exchange's words, and one market is the whole event."""
    event, market = Rounds().listing(1_984_800)
    assert market.title == event.title == "BTC price up in next 15 mins?"
    assert market.floor_strike is not None
    assert market.yes_sub_title == market.no_sub_title == f"Target Price: ${market.floor_strike:,.2f}"
    assert market.strike_type == "greater_or_equal"
    assert "BRTI before 8:15 PM EDT on Aug 9, 2026 is at least the simple average" in market.rules_primary
    assert "BRTI before 8:00 PM EDT on Aug 9, 2026, then the market resolves to Yes." in market.rules_primary
    assert (market.price_level_structure, market.exchange_index) == ("tapered_deci_cent", 2)
    assert not event.mutually_exclusive


@given(LENGTHS, TIMES)
def test_rounds_follow_each_other(length_s: float, now_ts: int) -> None:
    """One round is open and one is listed, which was created when the one before opened and opens when it closes."""
    rounds = Rounds(length_s)
    (_, opened), (_, following) = map(rounds.listing, rounds.current(now_ts))
    assert opened.open_ts <= now_ts < opened.close_ts == following.open_ts
    assert following.created_ts == opened.open_ts
    assert opened.close_ts - opened.open_ts == length_s * SECOND
    assert opened.close_ts < opened.expected_expiration_ts < opened.latest_expiration_ts


@given(LENGTHS, TIMES, st.integers(1, 100))
def test_tickers_are_unique(length_s: float, now_ts: int, distance: int) -> None:
    """No two rounds of one length share a ticker or an id."""
    rounds = Rounds(length_s)
    first = rounds.current(now_ts)[0]
    one, other = rounds.listing(first)[1], rounds.listing(first + distance)[1]
    assert one.ticker != other.ticker
    assert one.event_ticker != other.event_ticker
    assert one.market_id != other.market_id


@pytest.mark.parametrize("length_s", [5, 900])
def test_the_repeated_hour_has_tickers_of_its_own(length_s: float) -> None:
    """When New York sets its clocks back, no ticker comes twice."""
    rounds = Rounds(length_s)
    first = rounds.current(micros(datetime(2026, 11, 1, 4, tzinfo=UTC)))[0]
    numbers = range(first, first + round(4 * 3600 / length_s))
    assert len({rounds.listing(number)[0].ticker for number in numbers}) == len(numbers)


def test_the_repeated_hour_of_the_real_length() -> None:
    """The second time the ticker is longer by zeros."""
    assert _closing_at(Rounds(), "2026-11-01T05:45:00Z").ticker == "KXBTC15M-26NOV010145-45"
    assert _closing_at(Rounds(), "2026-11-01T06:45:00Z").ticker == "KXBTC15M-26NOV01014500-4500"


def test_short_rounds_have_seconds() -> None:
    """Rounds of seconds tell them in ticker and words."""
    market = _closing_at(Rounds(5), "2026-05-14T22:15:05Z")
    assert market.ticker == "KXBTC15M-26MAY14181505-1505"
    assert market.title == "BTC price up in next 5 secs?"
    assert "6:15:05 PM EDT" in market.rules_primary


@pytest.mark.parametrize(("length_s", "timer_s"), [(900, 60), (300, 60), (60, 12), (5, 1), (0.5, 1)])
def test_settlement_is_short(length_s: float, timer_s: int) -> None:
    """Settlement takes a minute or a fifth of the round, but not less than a second."""
    assert Rounds(length_s).listing(1)[1].settlement_timer_seconds == timer_s


@given(TIMES)
def test_opening_quotes_are_near_the_middle(now_ts: int) -> None:
    """A round opens near fifty cents, one or two cents wide, on its grid, with some hundred contracts."""
    _, market = Rounds().listing(Rounds().current(now_ts)[0])
    opening = market.opening
    prices = ticks(market.price_level_structure).prices
    assert 4_700 <= opening.yes_bid < opening.yes_ask <= 5_400
    assert opening.yes_ask - opening.yes_bid in {100, 200}
    assert {opening.yes_bid, opening.yes_ask} <= set(prices)
    assert min(opening.yes_bid_quantity, opening.yes_ask_quantity) >= 10_000
    assert max(opening.yes_bid_quantity, opening.yes_ask_quantity) < 100_000


def test_only_the_number_decides() -> None:
    """A round is the same whenever and by whomever it is asked for."""
    assert Rounds(5).listing(357_000_000) == Rounds(5).listing(357_000_000)
