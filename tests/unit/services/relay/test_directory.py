"""Which markets there are, by what gateways say and for how long."""

from typing import Any

import msgspec

from proto.system import Heartbeat
from services.relay.directory import FORGET_S, Directory, Listed
from shared.market.clock import Now
from shared.market.follower import GATEWAY_SILENCE_S

START = Now(at=100.0, ts=1_800_000_000_000_000)
LOST_S = GATEWAY_SILENCE_S + 0.01
BEAT = Heartbeat("one", 0, START.ts, connected=True, markets=2, heads={"KXA-1": (1, 0), "KXB-2.5": (1, 0)})


def beat(**changed: Any) -> Heartbeat:
    """Return a heartbeat of a gateway with two markets, changed."""
    return msgspec.structs.replace(BEAT, **changed)


def later(seconds: float) -> Now:
    """Return the time so many seconds after the start."""
    return Now(START.at + seconds, START.ts + round(seconds * 1_000_000))


def tickers(directory: Directory, now: Now = START) -> list[str]:
    """Return the markets listed."""
    return [listed.ticker for listed in directory.markets(now)]


def status(directory: Directory, now: Now = START) -> dict[str, str]:
    """Return each market's status."""
    return {listed.ticker: listed.status for listed in directory.markets(now)}


def test_markets_are_listed_by_ticker() -> None:
    """With series and status, in order, and no other market is known."""
    directory = Directory()
    assert "KXA-1" not in directory
    directory.heartbeat(beat(heads={"KXB-2.5": (1, 0), "KXA-1": (1, 0)}), START)
    assert directory.markets(START) == [Listed("KXA-1", "KXA", "live"), Listed("KXB-2.5", "KXB", "live")]
    assert "KXA-1" in directory
    assert "KXA" not in directory


def test_heads_add_up() -> None:
    """A heartbeat names only some markets; those named before stay."""
    directory = Directory()
    directory.heartbeat(beat(), START)
    directory.heartbeat(beat(heads={"KXC-3": (1, 0)}), START)
    assert tickers(directory) == ["KXA-1", "KXB-2.5", "KXC-3"]


def test_market_is_stale_until_its_head_says_otherwise() -> None:
    """`stale` marks, silence about the market keeps, a head without mark clears."""
    directory = Directory()
    directory.heartbeat(beat(stale=("KXA-1",)), START)
    assert status(directory) == {"KXA-1": "stale", "KXB-2.5": "live"}
    directory.heartbeat(beat(heads={"KXB-2.5": (1, 1)}), START)
    assert status(directory)["KXA-1"] == "stale"
    directory.heartbeat(beat(), START)
    assert status(directory)["KXA-1"] == "live"


def test_market_that_is_gone_is_not_listed() -> None:
    """And it is as if it had never been: named again it is live, though it went as a stale one."""
    directory = Directory()
    directory.heartbeat(beat(stale=("KXA-1",)), START)
    directory.heartbeat(beat(heads={}, gone=("KXA-1", "KXNO-1")), START)
    assert tickers(directory) == ["KXB-2.5"]
    assert "KXA-1" not in directory
    directory.heartbeat(beat(), START)
    assert status(directory)["KXA-1"] == "live"


def test_market_that_moved_is_not_gone() -> None:
    """What its former gateway says no longer counts: it belongs to the one that named it last."""
    directory = Directory()
    directory.heartbeat(beat(), START)
    directory.heartbeat(beat(instance="two", heads={"KXA-1": (2, 0)}), START)
    directory.heartbeat(beat(heads={}, gone=("KXA-1",)), START)
    assert "KXA-1" in directory


def test_markets_of_a_silent_gateway_are_stale() -> None:
    """After three seconds, those of another gateway not; they are live again with its next heartbeat."""
    directory = Directory()
    directory.heartbeat(beat(), START)
    directory.heartbeat(beat(instance="two", heads={"KXC-3": (1, 0)}), later(1))
    assert set(status(directory, later(LOST_S - 0.1)).values()) == {"live"}
    assert status(directory, later(LOST_S)) == {"KXA-1": "stale", "KXB-2.5": "stale", "KXC-3": "live"}
    assert not directory.feed_lost(later(LOST_S + 0.9))
    assert directory.feed_lost(later(LOST_S + 1))
    directory.heartbeat(beat(heads={}), later(5))
    assert not directory.feed_lost(later(5))
    assert status(directory, later(5)) == {"KXA-1": "live", "KXB-2.5": "live", "KXC-3": "stale"}


def test_a_gateway_that_slept_takes_nothing_back() -> None:
    """Its older epochs count only when the gateway that goes on is silent."""
    directory = Directory()
    directory.heartbeat(beat(heads={"KXA-1": (1, 5)}), START)
    directory.heartbeat(beat(instance="two", heads={"KXA-1": (2, 0)}), later(1))
    directory.heartbeat(beat(heads={"KXA-1": (1, 5)}, stale=("KXA-1",)), later(2))
    assert status(directory, later(2)) == {"KXA-1": "live"}
    directory.heartbeat(beat(heads={"KXA-1": (1, 5)}, stale=("KXA-1",)), later(1 + LOST_S))
    assert status(directory, later(1 + LOST_S)) == {"KXA-1": "stale"}


def test_feed_is_lost_before_the_first_gateway() -> None:
    """Nobody heard yet is as bad as nobody heard any longer."""
    assert Directory().feed_lost(START)


def test_markets_of_a_gateway_that_is_gone_for_good_are_forgotten() -> None:
    """They are listed as stale for a minute, those of others for as long as these live."""
    directory = Directory()
    directory.heartbeat(beat(), START)
    directory.heartbeat(beat(instance="two", heads={"KXC-3": (1, 0)}), later(FORGET_S))
    directory.prune(later(FORGET_S))
    assert tickers(directory, later(FORGET_S)) == ["KXA-1", "KXB-2.5", "KXC-3"]
    directory.prune(later(FORGET_S + 0.1))
    assert tickers(directory, later(FORGET_S + 0.1)) == ["KXC-3"]
    assert "KXA-1" not in directory


def test_forgotten_markets_leave_nothing_behind() -> None:
    """Markets come and go for months: neither `gone` nor a lost gateway keeps a trace of a stale one."""
    directory = Directory()
    for number in range(10):
        ticker = f"KXA-{number}"
        directory.heartbeat(beat(heads={ticker: (1, 0)}, stale=(ticker,)), START)
        directory.heartbeat(beat(heads={}, gone=(ticker,)), START)
    directory.heartbeat(beat(stale=tuple(BEAT.heads)), START)
    directory.prune(later(FORGET_S + 0.1))
    assert vars(directory) | {"lag_ms": None} == vars(Directory())


def test_lag_is_that_of_the_last_heartbeat() -> None:
    """In milliseconds, and never negative, though two machines' clocks differ."""
    directory = Directory()
    assert directory.lag_ms is None
    directory.heartbeat(beat(sent_ts=START.ts - 1500), START)
    assert directory.lag_ms == 1.5
    directory.heartbeat(beat(sent_ts=START.ts + 1500), START)
    assert directory.lag_ms == 0
