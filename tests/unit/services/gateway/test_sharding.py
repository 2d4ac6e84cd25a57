"""Markets are spread evenly, and only those of a server that comes or goes move."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.sharding import HAND_OVER_S, Connections, Shard, choose

TICKERS = [f"KXA-26-{number}" for number in range(2_000)]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_market_has_one_process(count: int) -> None:
    """Whatever the number of processes, each market belongs to exactly one, and none has much more than its share."""
    shards = [Shard(index, count) for index in range(count)]
    owners = Counter(shard.index for ticker in TICKERS for shard in shards if shard.owns(ticker))
    assert sum(owners.values()) == len(TICKERS)
    assert max(owners.values()) < 1.2 * len(TICKERS) / count


def test_processes_and_connections_choose_independently() -> None:
    """The markets of one process are spread over all of its connections."""
    connections = Connections(2)
    mine = [ticker for ticker in TICKERS if Shard(0, 2).owns(ticker)]
    spread = Counter(connections.target(ticker) for ticker in mine)
    assert min(spread.values()) > 0.4 * len(mine)


@given(st.text(min_size=1), st.integers(2, 9))
def test_one_more_server_takes_and_gives_nothing_else(ticker: str, count: int) -> None:
    """A market moves to the new server or stays where it is."""
    assert choose("process", ticker, range(count)) in {choose("process", ticker, range(count - 1)), count - 1}


@pytest.mark.parametrize("text", ["2/2", "-1/2", "1", "a/b", "0/0", ""])
def test_nonsense_is_no_shard(text: str) -> None:
    """Only i/n with i from 0 to n - 1 names a share."""
    with pytest.raises(ValueError, match=r".+"):
        Shard.parse(text)


def test_a_lost_connection_keeps_its_markets_for_a_while() -> None:
    """It is likely to be back at once; only when it stays away do the others take over, and give back later."""
    connections = Connections(2)
    connections.up(0, 100.0)
    connections.up(1, 100.0)
    targets = {ticker: connections.target(ticker) for ticker in TICKERS}
    connections.down(1, 200.0)
    assert not connections.review(200.0 + HAND_OVER_S / 2)
    assert connections.review(200.0 + HAND_OVER_S)
    assert {connections.target(ticker) for ticker in TICKERS} == {0}
    connections.up(1, 300.0)
    assert {ticker: connections.target(ticker) for ticker in TICKERS} == targets


def test_without_any_connection_nothing_moves() -> None:
    """When the exchange as a whole is away, everything waits where it was."""
    connections = Connections(2)
    targets = {ticker: connections.target(ticker) for ticker in TICKERS}
    assert not connections.review(1e6)
    assert {ticker: connections.target(ticker) for ticker in TICKERS} == targets
    assert not connections.any_up()
