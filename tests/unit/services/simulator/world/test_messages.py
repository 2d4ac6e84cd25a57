"""Times, quantities and structures are written as the exchange writes them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.simulator.world import messages
from services.simulator.world.messages import PRICES, Stamps
from services.simulator.world.ticks import ticks
from shared.kalshi import normalise, wire
from shared.kalshi.numbers import count
from tests.unit.services.simulator.harness import listing, market

SECOND_TS = 1_781_159_489_000_000


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "2026-06-11T06:31:29Z"),
        (957_081, "2026-06-11T06:31:29.957081Z"),
        (427_840, "2026-06-11T06:31:29.42784Z"),
        (500_000, "2026-06-11T06:31:29.5Z"),
        (10, "2026-06-11T06:31:29.00001Z"),
    ],
)
def test_fractions_are_trimmed(micros: int, text: str) -> None:
    """A time has as many digits as it needs, and is told in three units."""
    stamp = Stamps().at(SECOND_TS + micros)
    assert stamp.rfc3339.decode() == text
    assert (stamp.seconds, stamp.ts_ms) == (1_781_159_489, 1_781_159_489_000 + micros // 1000)
    assert messages.rfc3339(SECOND_TS + micros) == text


def test_stamps_follow_the_time() -> None:
    """What is kept of a second is not told of another."""
    stamps = Stamps()
    texts = [stamps.at(SECOND_TS + step).rfc3339 for step in (0, 1_000_000, 500_000)]
    assert [text[17:19] for text in texts] == [b"29", b"30", b"29"]


def test_prices() -> None:
    """All prices of a dollar have four decimals."""
    assert (PRICES[0], PRICES[1], PRICES[9_600], PRICES[10_000]) == (b"0.0000", b"0.0001", b"0.9600", b"1.0000")


@given(st.integers(0, 10**14))
def test_quantities(quantity: int) -> None:
    """Two decimals, exactly."""
    assert count(messages.count_text(quantity).decode()) == quantity


@given(
    side=st.sampled_from(["yes", "no"]),
    price=st.integers(1, 9_999),
    delta=st.integers(-(10**12), 10**12),
    yes_scale=st.booleans(),
)
def test_a_client_reads_what_was_written(side: str, price: int, delta: int, yes_scale: bool) -> None:
    """Every change of a level comes back exactly, on either scale."""
    told = 10_000 - price if yes_scale and side == "no" else price
    known = market("KXA-1")
    written = known.phrases.delta("yes" if side == "yes" else "no", told, delta, Stamps().at(SECOND_TS))
    msg = msgspec.json.decode(written, type=wire.DeltaMsg)
    assert normalise.change(msg, yes_scale=yes_scale) == (side, price, delta)
    assert normalise.exchange_ts(msg) == SECOND_TS


def test_legacy_snapshots_have_cents() -> None:
    """Whole cents and contracts without an id, as until March 2026."""
    msg = messages.legacy_snapshot("KXA-1", ((4700, 300), (100, 100)), ())
    assert msgspec.json.decode(msg) == {"market_ticker": "KXA-1", "yes": [[1, 1], [47, 3]]}


def test_what_a_market_depends_on() -> None:
    """Only what is known is told of a strike."""
    assert messages.strikes(listing("KXA-1")) == {}
    known = listing("KXA-1", strike_type="between", floor_strike=1.5, cap_strike=2.5, custom_strike={"a": "b"})
    assert messages.strikes(known) == {
        "strike_type": "between",
        "floor_strike": 1.5,
        "cap_strike": 2.5,
        "custom_strike": {"a": "b"},
    }


def test_price_ranges() -> None:
    """A structure is told band by band."""
    assert messages.price_ranges(ticks("tapered_deci_cent")) == [
        {"start": "0.0000", "end": "0.1000", "step": "0.0010"},
        {"start": "0.1000", "end": "0.9000", "step": "0.0100"},
        {"start": "0.9000", "end": "1.0000", "step": "0.0010"},
    ]
