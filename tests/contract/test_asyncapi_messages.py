"""Whatever the simulator says is a message of the exchange's AsyncAPI document, and it says all of them."""

from typing import Any

import msgspec
import pytest

from proto.units import SECOND
from services.simulator.feed.channels import CHANNEL_OF, Channel
from services.simulator.feed.habits import Habits
from services.simulator.session.session import Session
from services.simulator.world.market import Market, Phase
from services.simulator.world.ticks import STRUCTURES
from shared.market.clock import Now
from tests.asyncapi import check, document, messages
from tests.simulated import Simulated

PRIVATE = sorted(kind for kind, channel in CHANNEL_OF.items() if channel in {
    Channel.FILL, Channel.ORDERS, Channel.POSITIONS, Channel.ORDER_GROUPS, Channel.COMMUNICATIONS
})  # fmt: skip
#: A little before the last minute of a quarter of an hour.
START = Now(at=1000.0, ts=(1_800_000_000 + 14 * 60 - 30) * SECOND)


class Scene:
    """A small exchange on which everything is heard, and everything heard is checked."""

    def __init__(self) -> None:
        self.simulated = Simulated(start=START, sim_markets=60, sim_combos=10, sim_round=60.0, sim_rate=60.0)
        self.frames: list[dict[str, Any]] = []
        self.names: set[str] = set()
        self.no_scale, self.yes_scale, self.mistaken = (self.simulated.open() for _ in range(3))
        self._seqs: dict[tuple[int, int], int] = {}

    def everything(self) -> None:
        """Say everything."""
        self._subscribe()
        self.simulated.run(15.0)
        self._update()
        self._live()
        self._tell_private()
        self._mistake()
        self.simulated.run(61.0)
        for session in (self.no_scale, self.yes_scale):
            self.simulated.say(session, "list_subscriptions", 90)
            self.simulated.say(session, "unsubscribe", 91, sids=list(session.subscriptions))
        self.simulated.run()
        for session in (self.no_scale, self.yes_scale, self.mistaken):
            self._check(session)

    def _check(self, session: Session) -> None:
        for raw in self.simulated.heard_raw(session):
            assert raw.endswith(b"}\n")
            frame = msgspec.json.decode(raw)
            self.names.add(check(frame))
            self.frames.append(frame)
            if "seq" in frame:
                place = session.number, frame["sid"]
                assert frame["seq"] == self._seqs.get(place, 0) + 1, frame
                self._seqs[place] = frame["seq"]

    def _subscribe(self) -> None:
        tickers = [*self.simulated.world.markets, "KXNONE-1"]
        for session, yes_scale in ((self.no_scale, False), (self.yes_scale, True)):
            narrowed = {"market_tickers": tickers, "send_initial_snapshot": True, "use_yes_price": yes_scale}
            named = {"index_ids": ["all"], "underlying_tickers": ["all"]}
            self.simulated.say(session, "subscribe", 1, channels=["orderbook_delta", "ticker"], **narrowed)
            others = [channel for channel in Channel if channel not in {Channel.BOOK, Channel.TICKER}]
            self.simulated.say(session, "subscribe", 2, channels=others, **named)

    def _update(self) -> None:
        one, other = list(self.simulated.world.markets)[:2]
        sids = {known.channel: sid for sid, known in self.no_scale.subscriptions.items()}
        say = self.simulated.say
        for action in ("delete_markets", "add_markets", "get_snapshot"):
            say(self.no_scale, "update_subscription", 3, action=action, sid=1, market_tickers=[one, other, "KXNONE-2"])
        say(self.no_scale, "subscribe", 4, channels=["orderbook_delta", "trade"], market_tickers=[one])
        for channel in (Channel.INDEX, Channel.INDEX_5HZ):
            for action in ("indexlist", "unsubscribe_indices", "subscribe_indices"):
                say(self.no_scale, "update_subscription", 5, action=action, sid=sids[channel], index_ids=["BRTI"])
        for action in ("underlying_list", "unsubscribe_underlyings", "subscribe_underlyings"):
            params = {"sids": [sids[Channel.PYTH]], "underlying_tickers": ["all"]}
            say(self.no_scale, "update_subscription", 6, action=action, **params)
        ids = [known.listing.market_id for known in self.simulated.world.markets.values()][:3]
        say(self.mistaken, "subscribe", 7, channels=["ticker"], market_ids=ids, send_initial_snapshot=True)
        say(self.mistaken, "update_subscription", 8, action="delete_markets", sid=1, market_id=ids[0])

    def _live(self) -> None:
        for index, structure in enumerate(STRUCTURES):
            exclusive, opens_in_s = index % 2 == 0, (0, 30)[index % 2]
            facts = {"price_level_structure": structure, "mutually_exclusive": exclusive, "open_in_s": opens_in_s}
            self.operate("create", ticker=f"KXLIFE{index}-26-T1.5", **facts)
        self.operate(
            "event_fee_update", event_ticker="KXLIFE0-26", fee_type_override="flat", fee_multiplier_override=0.5
        )
        self.operate("event_fee_update", event_ticker="KXLIFE0-26")
        self.operate("price_level_structure_updated", ticker="KXLIFE0-26-T1.5", price_level_structure="deci_cent")
        self.operate("price_level_structure_updated", ticker="KXLIFE1-26-T1.5")
        self.operate("metadata_updated", ticker="KXLIFE0-26-T1.5", yes_sub_title="above 2")
        strikes = {"strike_type": "between", "floor_strike": 1.5, "cap_strike": 2, "custom_strike": {"a": "b"}}
        self.operate("metadata_updated", ticker="KXLIFE2-26-T1.5", **strikes)
        for ticker in ("KXLIFE0-26-T1.5", self._combo().ticker):
            self.operate("deactivate", ticker=ticker)
            self.operate("activate", ticker=ticker)
            self.operate("close_date_updated", ticker=ticker, close_in_s=5.0)
        for index, (result, value) in enumerate((("yes", None), ("no", None), ("scalar", "0.3500"))):
            ticker = f"KXLIFE{2 * index}-26-T1.5"
            self.operate("determine", ticker=ticker, result=result, settlement_value=value)
            self.operate("settle", ticker=ticker)
        self.operate("settle", ticker=self._combo().ticker)

    def _tell_private(self) -> None:
        market = next(known for known in self.simulated.world.markets.values() if known.quote().yes_bid)
        for about in (market, self._combo()):
            for kind in PRIVATE:
                self.send(kind, about)
        for event_type in ("created", "triggered", "reset", "deleted", "limit_updated"):
            self.send("order_group_updates", None, event_type=event_type)
        for side in ("yes", "no"):
            self.send("fill", market, side=side, action="sell", is_taker=False, client_order_id="c", subaccount=3)
            self.send("user_order", market, side=side, remaining_count_fp="0.00", order_group_id="g")
            self.send("quote_accepted", market, accepted_side=side)
        self.send("market_position", market, position_fp="-12.34")
        self.send("rfq_created", market, target_cost_dollars="100.0000")

    def _mistake(self) -> None:
        for text in (
            "nonsense",
            '{"id":1,"cmd":"subscribe"}',
            '{"id":2,"cmd":"unsubscribe","params":{}}',
            '{"cmd":"x"}',
        ):
            self.simulated.say_raw(self.mistaken, text)
        say = self.simulated.say
        say(self.mistaken, "subscribe", 3, channels=[])
        say(self.mistaken, "subscribe", 4, channels=["nope", "orderbook_delta", "cfbenchmarks_value", "pyth_value"])
        say(self.mistaken, "unsubscribe", 5, sids=[77])
        for factor, key in ((0, None), (None, 1), (2, 2), (101, 0)):
            say(self.mistaken, "subscribe", 6, channels=["communications"], shard_factor=factor, shard_key=key)
        say(self.mistaken, "subscribe", 7, channels=["orderbook_delta"], market_ids=["x"])
        say(self.mistaken, "subscribe", 8, channels=["orderbook_delta"], market_tickers=["KXNONE-3"])
        for params in (
            {"action": "dance", "sid": 2},
            {"sid": 2},
            {"action": "add_markets"},
            {"action": "add_markets", "sid": 2},
        ):
            say(self.mistaken, "update_subscription", 9, **params)
        self.simulated.exchange.manners.change(Habits(max_markets=1))
        say(self.mistaken, "subscribe", 10, channels=["orderbook_delta"], market_tickers=["KXNONE-4"])
        self.simulated.exchange.manners.change(Habits(max_commands=0))
        say(self.mistaken, "update_subscription", 11, action="get_snapshot", sid=2, market_tickers=[])
        self.simulated.exchange.manners.change(Habits())
        for code in (9, 18, 23):
            self.mistaken.refusals.append(code)
            say(self.mistaken, "list_subscriptions", 12)
        for channel, code in ((Channel.TICKER, 25), (Channel.BOOK, 10)):
            failing = self.mistaken.subscription(channel)
            assert failing is not None
            self.mistaken.fail(failing, code)

    def _combo(self) -> Market:
        return next(
            known for known in self.simulated.world.markets.values() if known.is_combo and known.phase is Phase.ACTIVE
        )

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the `msg` of all frames of a type."""
        return [frame["msg"] for frame in self.frames if frame["type"] == kind]

    def operate(self, action: str, **members: Any) -> None:
        """Take a step in a market's life."""
        given = {member: value for member, value in members.items() if value is not None}
        self.simulated.parts.operator.command(msgspec.json.encode({"action": action, **given}), self.simulated.now)
        self.simulated.run()

    def send(self, kind: str, market: Market | None, **members: Any) -> None:
        """Say a private message."""
        named = {} if market is None or kind == "order_group_updates" else {
            "ticker" if kind == "user_order" else "market_ticker": market.ticker
        }  # fmt: skip
        body = msgspec.json.encode({"type": kind, "msg": named | members})
        self.simulated.parts.private.send(body, self.simulated.now)
        self.simulated.run()


@pytest.fixture(scope="module")
def scene() -> Scene:
    """An exchange that has said everything; each message was checked when it was heard."""
    played = Scene()
    played.everything()
    return played


def test_every_message_is_sent(scene: Scene) -> None:
    """No message of the server's is never sent, and none was invented."""
    assert scene.names == set(messages())


def test_every_kind_of_step_is_told(scene: Scene) -> None:
    """All event types of both lifecycle channels are met."""
    schemas = document()["components"]["schemas"]
    for kind, schema in (
        ("market_lifecycle_v2", "marketLifecycleV2Payload"),
        ("multivariate_market_lifecycle", "multivariateMarketLifecyclePayload"),
    ):
        told = {msg["event_type"] for msg in scene.told(kind)}
        wanted = set(schemas[schema]["properties"]["msg"]["properties"]["event_type"]["enum"])
        assert told - {"metadata_updated"} == wanted
    steps = scene.told("market_lifecycle_v2")
    created = [msg for msg in steps if msg["event_type"] == "created"]
    assert {msg["price_level_structure"] for msg in created} == set(STRUCTURES)
    assert {msg["result"] for msg in steps if msg["event_type"] == "determined"} == {"yes", "no", "scalar"}
    assert {msg["collateral_return_type"] for msg in scene.told("event_lifecycle")} == {"MECNET", ""}


def test_every_error_is_told(scene: Scene) -> None:
    """All codes of the exchange's list are met, with and without a sid."""
    errors = [frame for frame in scene.frames if frame["type"] == "error"]
    codes = {entry["code"] for entry in document()["x-error-codes"]["codes"]}
    assert {frame["msg"]["code"] for frame in errors} == codes
    assert {("sid" in frame, "seq" in frame, "id" in frame) for frame in errors} >= {
        (False, False, False),
        (False, False, True),
        (True, True, True),
        (True, True, False),
        (True, False, False),
    }


def test_every_kind_of_book_is_shown(scene: Scene) -> None:
    """Two-sided, one-sided either way, empty and unknown books, whole cents and parts of cents."""
    snapshots = scene.told("orderbook_snapshot")
    shapes = {("yes_dollars_fp" in msg, "no_dollars_fp" in msg, msg["market_id"] == "") for msg in snapshots}
    assert {(True, True, False), (False, False, False), (False, False, True)} <= shapes
    prices = {price for msg in snapshots for price, _ in msg.get("yes_dollars_fp", ())}
    assert any(price.endswith("00") for price in prices)
    assert any(not price.endswith("0") for price in prices)
    deltas = scene.told("orderbook_delta")
    assert {(msg["side"], msg["delta_fp"].startswith("-")) for msg in deltas} == {
        (side, sign) for side in ("yes", "no") for sign in (False, True)
    }


def test_every_trader_trades(scene: Scene) -> None:
    """Trades of takers on both sides, and a ticker for each of them."""
    trades = scene.told("trade")
    assert {msg["taker_book_side"] for msg in trades} == {"bid", "ask"}
    assert len({msg["trade_id"] for msg in trades}) * 2 == len(trades)


def test_the_last_minute_of_a_quarter(scene: Scene) -> None:
    """Only then the average that decides is told."""
    values = scene.told("cfbenchmarks_value")
    deciding = {(msg["received_at"] // 60_000 % 15 == 14, "last_60s_windowed_average_15min" in msg) for msg in values}
    assert deciding == {(False, False), (True, True)}
