"""An exchange that was put together: its parts do not get into each other's way."""

from services.simulator.faults import script
from services.simulator.replay.capture import parse
from services.simulator.session.session import Session
from services.simulator.world.market import Phase
from tests.simulated import START, Simulated

_TICKER = "KXWCGAME-26JUL09FRAMAR-FRA"
_CAPTURE = b"""{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"%b","market_id":"id",\
"yes_dollars_fp":[["0.4700","3.00"]]}}
{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"%b","market_id":"id","price_dollars":"0.4700",\
"delta_fp":"-3.00","side":"yes","ts":"2026-06-11T06:31:29.957466Z"}}
"""


def _crowd() -> tuple[Simulated, Session]:
    simulated = Simulated(sim_markets=20, sim_rate=500.0, sim_round=0.0)
    listener = simulated.open()
    tickers = [ticker for ticker, market in simulated.world.markets.items() if not market.is_combo]
    simulated.say(listener, "subscribe", channels=["orderbook_delta"], market_tickers=tickers)
    return simulated, listener


def _done(simulated: Simulated, listener: Session) -> list[tuple[str, str, str, str]]:
    frames = (frame["msg"] for frame in simulated.heard(listener) if frame["type"] == "orderbook_delta")
    return [(msg["market_ticker"], msg["side"], msg["price_dollars"], msg["delta_fp"]) for msg in frames]


def test_what_clients_do_does_not_change_what_the_crowd_does() -> None:
    """Others that listen, hear indices and meet faults take nothing from the crowd's chance."""
    alone, listener = _crowd()
    alone.run(3)
    among, same = _crowd()
    other = among.open()
    among.say(other, "subscribe", channels=["ticker", "trade"])
    among.say(other, "subscribe", channels=["cfbenchmarks_value_5hz"], index_ids=["all"])
    among.parts.faults.post(script.read(b'{"fault":"drop","channel":"trade","chance":0.5,"count":0}'), among.now)
    among.run(1)
    among.exchange.close(other)
    among.run(2)
    done = _done(alone, listener)
    assert len(done) > 500
    assert _done(among, same) == done


def test_the_crowd_leaves_markets_of_captures_alone() -> None:
    """A market that was listed and is in a capture too is the capture's, and plays pass after pass."""
    frames = _CAPTURE.replace(b"%b", _TICKER.encode())
    simulated = Simulated([parse("own.jsonl", frames)], sim_markets=20, sim_rate=500.0)
    market = simulated.world.markets[_TICKER]
    assert (market.replayed, market.phase, market.ladders()) == (True, Phase.ACTIVE, (((4700, 300),), ()))
    listener = simulated.open()
    simulated.say(listener, "subscribe", channels=["orderbook_delta"], market_tickers=[_TICKER])
    simulated.run(5)
    assert simulated.now.at == START.at + 5
    kinds = [frame["type"] for frame in simulated.heard(listener)]
    assert kinds == ["subscribed", "orderbook_snapshot", *["orderbook_snapshot", "orderbook_delta"] * 3]


def test_nothing_is_done_before_there_is_trading() -> None:
    """The first action of all, and the first after a pause, have the time at which they happen."""
    simulated, listener = _crowd()
    simulated.run(0.5)
    simulated.heard(listener)
    simulated.world.trading_active = False
    simulated.run(10)
    simulated.world.trading_active = True
    resumed_ms = simulated.now.ts // 1000
    simulated.run(0.5)
    after_pause = [frame["msg"]["ts_ms"] for frame in simulated.heard(listener)]
    fresh, first = _crowd()
    fresh.run(0.5)
    times = [frame["msg"]["ts_ms"] for frame in fresh.heard(first) if frame["type"] == "orderbook_delta"]
    assert times[0] == START.ts // 1000
    assert after_pause[0] == resumed_ms
    assert (times, after_pause) == (sorted(times), sorted(after_pause))
