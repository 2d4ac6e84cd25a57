"""update_subscription changes what one subscription covers, or shows it again."""

import pytest

from services.simulator.feed.channels import TRAITS, Channel
from tests.unit.services.simulator.harness import Client, Table, error, kinds

B, C = "KXA-1-B", "KXA-1-C"
NAMED = {
    Channel.INDEX: ("index_ids", "subscribe_indices", "unsubscribe_indices", "indexlist"),
    Channel.INDEX_5HZ: ("index_ids", "subscribe_indices", "unsubscribe_indices", "indexlist"),
    Channel.PYTH: ("underlying_tickers", "subscribe_underlyings", "unsubscribe_underlyings", "underlying_list"),
}


@pytest.fixture
def client() -> Client:
    """A client at a fresh exchange."""
    return Table().client()


def test_add_and_delete_markets(client: Client) -> None:
    """Control replies take their numbers from the sid's one sequence."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    ok, snapshot = client.update("add_markets", 2, sids=[1], market_ticker=C)
    assert (ok["seq"], ok["msg"], snapshot["seq"]) == (2, {"market_tickers": [B, C]}, 3)
    (ok,) = client.update("delete_markets", 3, sid=1, market_tickers=[B])
    assert ok == {"type": "ok", "id": 3, "sid": 1, "seq": 4, "msg": {"market_tickers": [C]}}


@pytest.mark.parametrize("channel", [channel for channel in Channel if TRAITS[channel].markets != "ignored"])
def test_markets_of_every_channel(client: Client, channel: Channel) -> None:
    """Wherever a subscription has markets they can be added and deleted, down to none, one or many at a time."""
    client.say("subscribe", channels=[channel], market_tickers=[B])
    (ok, *_) = client.update("add_markets", sid=1, market_tickers=[C, B, C])
    assert ok["msg"] == {"market_tickers": [B, C]}
    (ok,) = client.update("delete_markets", sid=1, market_ticker=B)
    assert ok["msg"] == {"market_tickers": [C]}
    (ok,) = client.update("delete_markets", sids=[1], market_tickers=[C, "KXNONE"])
    assert ok["msg"] == {"market_tickers": []}


def test_adding_tickers_with_their_first_message(client: Client) -> None:
    """On the ticker channel a new market's ticker comes along on demand, and only a new one's."""
    client.say("subscribe", channels=["ticker"], market_tickers=[B])
    frames = client.update("add_markets", sid=1, market_tickers=[B, C], send_initial_snapshot=True)
    assert kinds(frames) == ["ok", "ticker"]
    assert frames[1]["msg"]["market_ticker"] == C


def test_what_was_deleted_is_new_again(client: Client) -> None:
    """Deleting and adding a market gives a fresh snapshot, and leaves its neighbours alone."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B, C])
    client.update("delete_markets", sid=1, market_tickers=[B])
    ok, snapshot = client.update("add_markets", sid=1, market_tickers=[B])
    assert (ok["msg"], snapshot["msg"]["market_ticker"]) == ({"market_tickers": [C, B]}, B)


def test_get_snapshot(client: Client) -> None:
    """Snapshots on demand carry the command's id, continue the sequence, and change nothing."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    frames = client.update("get_snapshot", 9, sid=1, market_tickers=[C, B])
    assert [(f["type"], f["id"], f["seq"], f["msg"]["market_ticker"]) for f in frames] == [
        ("orderbook_snapshot", 9, 2, C),
        ("orderbook_snapshot", 9, 3, B),
    ]
    (ok,) = client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    assert ok["msg"] == {"market_tickers": [B]}
    assert client.update("get_snapshot", sid=1, market_tickers=[]) == []


def test_get_snapshot_on_its_scale(client: Client) -> None:
    """A snapshot on demand is on the subscription's scale."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B], use_yes_price=True)
    (snapshot,) = client.update("get_snapshot", sids=[1], market_tickers=[B])
    assert snapshot["msg"]["no_dollars_fp"] == [["0.5200", "2.00"], ["0.8000", "5.50"]]


def test_snapshots_of_what_does_not_exist(client: Client) -> None:
    """A market that nobody knows has an empty book without an id."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    (snapshot,) = client.update("get_snapshot", sid=1, market_tickers=["KXNONE"])
    assert snapshot["msg"] == {"market_ticker": "KXNONE", "market_id": ""}


@pytest.mark.parametrize("channel", list(NAMED))
def test_names_of_indices(channel: Channel) -> None:
    """Names are added, listed and removed; the reply lists those that are held."""
    member, add, remove, show = NAMED[channel]
    table = Table()
    table.world.names[channel] = ("X", "Y", "Z")
    client = table.client()
    client.say("subscribe", channels=[channel], **{member: ["X"]})
    (ok,) = client.update(add, 2, sid=1, **{member: ["Y", "X"]})
    assert ok == {"type": "ok", "id": 2, "sid": 1, "seq": 1, "msg": {member: ["X", "Y"]}}
    (ok,) = client.update(remove, 3, sids=[1], **{member: ["X"]})
    assert (ok["seq"], ok["msg"]) == (2, {member: ["Y"]})
    (listed,) = client.update(show, 4, sid=1)
    kind = f"{channel}_underlying_list" if channel is Channel.PYTH else f"{channel}_indexlist"
    assert listed == {"type": kind, "id": 4, "sid": 1, "seq": 3, "msg": {member: ["X", "Y", "Z"]}}
    (ok,) = client.say("subscribe", 5, channels=[channel], **{member: ["all"]})
    assert ok["msg"] == {member: ["Y", "all"]}
    (ok,) = client.update(remove, 6, sid=1, **{member: ["all"]})
    assert ok["msg"] == {member: []}


@pytest.mark.parametrize("channel", list(NAMED))
def test_names_decide_what_is_heard(channel: Channel) -> None:
    """An index is told to those who asked for it or for all of them."""
    member, _, remove, _ = NAMED[channel]
    table = Table()
    one, all_of_them, none = (table.client() for _ in range(3))
    one.say("subscribe", channels=[channel], **{member: ["X"]})
    all_of_them.say("subscribe", channels=[channel], **{member: ["all"]})
    none.say("subscribe", channels=[channel], **{member: ["X"]})
    none.update(remove, sid=1, **{member: ["X"]})
    for name in ("X", "Y"):
        table.exchange.floor.announce(channel.value, b'{"of":"%b"}' % name.encode(), channel, index=name)
    table.pass_time()
    assert [frame["msg"]["of"] for frame in one.heard()] == ["X"]
    assert [frame["msg"]["of"] for frame in all_of_them.heard()] == ["X", "Y"]
    assert none.heard() == []


def test_actions_of_other_channels(client: Client) -> None:
    """Each kind of channel has its own actions."""
    client.say("subscribe", channels=["trade"], market_tickers=[B])
    client.say("subscribe", channels=["cfbenchmarks_value"], index_ids=["all"])
    client.say("subscribe", channels=["pyth_value"], underlying_tickers=["all"])
    client.say("subscribe", channels=["communications"])
    wrong = [
        (1, "get_snapshot"),
        (1, "indexlist"),
        (2, "add_markets"),
        (2, "underlying_list"),
        (3, "subscribe_indices"),
        (3, "indexlist"),
        (4, "add_markets"),
        (4, "delete_markets"),
    ]
    for number, (sid, action) in enumerate(wrong, 1):
        (refusal,) = client.update(action, 7, sid=sid, market_tickers=[B], index_ids=["X"])
        assert refusal == error(13, "Unsupported action", id=7, sid=sid, seq=refusal["seq"]), number
