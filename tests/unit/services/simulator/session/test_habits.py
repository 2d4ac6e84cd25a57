"""Where the exchange's documents are silent its behaviour can be switched."""

from typing import Any

import pytest

from services.simulator.feed.habits import Habits
from tests.unit.services.simulator.harness import START, Client, Table, kinds, market

B, C, D = "KXZ-B", "KXZ-C", "KXZ-D"


def table_of(**habits: Any) -> Table:
    """Return an exchange with three quiet markets and these habits."""
    listed = [market(B, ((4700, 300),), ((4800, 200),)), market(C, (), ((9000, 700),)), market(D)]
    return Table([], listed=listed, habits=Habits(**habits))


def book_client(**habits: Any) -> Client:
    """Return a client that is subscribed to the book of B at such an exchange."""
    client = table_of(**habits).client()
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    return client


def seqs(frames: list[dict[str, Any]]) -> list[tuple[str, int | None]]:
    """Return type and sequence number of frames."""
    return [(frame["type"], frame.get("seq")) for frame in frames]


@pytest.mark.parametrize(
    ("shared", "numbers"),
    [(True, [("ok", 2), ("orderbook_snapshot", 3)]), (False, [("ok", 1), ("orderbook_snapshot", 2)])],
)
def test_control_shares_seq(shared: bool, numbers: list[tuple[str, int]]) -> None:
    """Control replies count with the data of their sid, or by themselves."""
    client = book_client(control_shares_seq=shared)
    assert seqs(client.update("add_markets", sid=1, market_tickers=[C])) == numbers
    error, ended = client.update("dance", sid=1) + client.say("unsubscribe", sids=[1])
    assert [error["seq"], ended["seq"]] == ([4, 5] if shared else [2, 3])


def test_sequences_are_per_sid_over_all_markets() -> None:
    """Each sid counts by itself, all its markets together; tickers and private messages are not counted."""
    table = table_of()
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta", "trade", "ticker"], market_tickers=[B, C])
    floor, markets = table.exchange.floor, table.world.markets
    for name in (B, C, B):
        floor.change(markets[name], [("no", 5000, 100)], START.ts)
        floor.trade(markets[name], [(5000, 100, "yes")], START.ts)
        floor.quote(markets[name], START.ts, traded=True)
    table.pass_time()
    frames = client.heard()
    by_sid = {sid: [frame.get("seq") for frame in frames if frame["sid"] == sid] for sid in (1, 2, 3)}
    assert by_sid == {1: [3, 4, 5], 2: [1, 2, 3], 3: [None, None, None]}


def test_controls_of_unsequenced_channels_count_among_themselves() -> None:
    """Where data carry no number, acknowledgements still do."""
    client = table_of().client()
    client.say("subscribe", channels=["ticker"], market_tickers=[B])
    frames = client.update("add_markets", sid=1, market_tickers=[C], send_initial_snapshot=True)
    frames += client.update("delete_markets", sid=1, market_tickers=[C])
    frames += client.update("dance", sid=1) + client.say("unsubscribe", sids=[1])
    assert seqs(frames) == [("ok", 1), ("ticker", None), ("ok", 2), ("error", None), ("unsubscribed", 3)]


def test_first_sid() -> None:
    """Subscription ids need not begin with 1."""
    client = table_of(first_sid=456).client()
    frames = client.say("subscribe", channels=["ticker", "trade"])
    assert [frame["msg"]["sid"] for frame in frames] == [456, 457]


@pytest.mark.parametrize("after", [False, True])
def test_ok_after_snapshots(after: bool) -> None:
    """The acknowledgement of an update or of a merging subscribe comes before the books it causes, or after."""
    client = book_client(ok_after_snapshots=after)
    expected = ["orderbook_snapshot", "ok"] if after else ["ok", "orderbook_snapshot"]
    assert kinds(client.update("add_markets", sid=1, market_tickers=[C])) == expected
    frames = client.say("subscribe", channels=["orderbook_delta"], market_tickers=[D])
    assert (kinds(frames), [frame["seq"] for frame in frames]) == (expected, [4, 5])


@pytest.mark.parametrize("after", [False, True])
def test_ok_after_get_snapshot(after: bool) -> None:
    """get_snapshot is answered by snapshots alone, or by an ok too."""
    client = book_client(ok_after_get_snapshot=after)
    frames = client.update("get_snapshot", 7, sid=1, market_tickers=[B])
    assert kinds(frames) == ["orderbook_snapshot", "ok"][: 1 + after]
    assert all(frame["id"] == 7 for frame in frames)


def test_acks_shuffled() -> None:
    """Commands that arrive together are answered in another order, snapshots in between; numbers stay in order."""
    table = table_of(acks_shuffled=True)
    orders = set()
    for _ in range(10):
        client = table.client()
        assert client.say("subscribe", 1, channels=["orderbook_delta"], market_tickers=[B]) == []
        client.update("add_markets", 2, sid=1, market_tickers=[C])
        client.update("add_markets", 3, sid=1, market_tickers=[D])
        client.say("list_subscriptions", 4)
        table.turn()
        frames = client.heard()
        assert [frame["seq"] for frame in frames if "seq" in frame] == [1, 2, 3, 4, 5]
        assert {frame["id"] for frame in frames if "id" in frame} == {1, 2, 3, 4}
        orders.add(tuple(frame.get("id") for frame in frames))
    assert len(orders) > 3


def test_shuffled_snapshots_come_before_changes() -> None:
    """However a turn is shuffled, a book's first message is its snapshot."""
    table = table_of(acks_shuffled=True)
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])

    class Mover:
        """Moves the book whenever it is asked."""

        def next_at(self) -> float:
            return table.now.at

        def run(self, _: object) -> None:
            table.exchange.floor.change(table.world.markets[B], [("yes", 100, 1)], START.ts)

    table.exchange.engines.append(Mover())
    table.turn()
    books = [kind for kind in kinds(client.heard()) if kind.startswith("orderbook")]
    assert books == ["orderbook_snapshot", "orderbook_delta"]


def test_what_ended_in_the_same_turn_is_not_shown() -> None:
    """A subscription that was closed before its snapshot was sent sends none."""
    table = table_of(acks_shuffled=True)
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B, C, D])
    client.say("unsubscribe", sids=[1])
    table.turn()
    assert sorted(kinds(client.heard())) == ["subscribed", "unsubscribed"]


def test_ack_delay() -> None:
    """A late acknowledgement: the data come before it."""
    table = table_of(ack_delay_ms=500)
    client = table.client()
    frames = client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    assert kinds(frames) == ["orderbook_snapshot"]
    table.pass_time(0.4)
    table.exchange.floor.change(table.world.markets[B], [("yes", 100, 1)], START.ts)
    table.turn()
    assert kinds(client.heard()) == ["orderbook_delta"]
    table.pass_time(0.2)
    assert kinds(client.heard()) == ["subscribed"]


def test_command_delay() -> None:
    """Every command waits, in order, also when the delay was ended meanwhile."""
    table = table_of(command_delay_ms=1500)
    client = table.client()
    assert client.say("subscribe", channels=["trade"]) == []
    table.exchange.manners.change(Habits())
    assert client.say("list_subscriptions", 2) == []
    table.pass_time(1.4)
    assert client.heard() == []
    table.pass_time(0.2)
    frames = client.heard()
    assert kinds(frames) == ["subscribed", "ok"]
    assert frames[1]["msg"] == [{"channel": "trade", "sid": 1}]


@pytest.mark.parametrize("default", [False, True])
@pytest.mark.parametrize("said", [None, False, True])
def test_yes_price_default(default: bool, said: bool | None) -> None:
    """Who does not say use_yes_price gets the default, which the exchange is going to change."""
    params = {} if said is None else {"use_yes_price": said}
    client = table_of(yes_price_default=default).client()
    _, snapshot = client.say("subscribe", channels=["orderbook_delta"], market_ticker=B, **params)
    on_yes_scale = default if said is None else said
    assert snapshot["msg"]["no_dollars_fp"] == [["0.5200" if on_yes_scale else "0.4800", "2.00"]]


@pytest.mark.parametrize("told", [False, True])
def test_sending_ts_ms(told: bool) -> None:
    """Every frame tells when it was sent, in milliseconds, or none does."""
    table = table_of(sending_ts_ms=told)
    client = table.client()
    client.take(table.exchange.receive(client.session, '{"id":1,"cmd":"list_subscriptions"}', table.now))
    text = '{"id":2,"cmd":"subscribe","params":{"channels":["orderbook_delta","nope"],"market_ticker":"KXZ-B"}}'
    client.take(table.exchange.receive(client.session, text, table.now))
    table.pass_time(0.25)
    table.exchange.advance(table.now)
    table.exchange.floor.change(table.world.markets[B], [("yes", 100, 1)], table.now.ts)
    table.turn()
    times = [frame.get("sending_ts_ms") for frame in client.heard_raw()]
    sent_ms = START.ts // 1000
    assert times == ([sent_ms] * 4 + [sent_ms + 250] if told else [None] * 5)


def test_habits_can_change_while_it_runs() -> None:
    """A session goes on with the new ones."""
    client = book_client()
    client.update("get_snapshot", sid=1, market_tickers=[B])
    client.table.exchange.manners.change(Habits(ok_after_get_snapshot=True, control_shares_seq=False))
    assert seqs(client.update("get_snapshot", sid=1, market_tickers=[B])) == [("orderbook_snapshot", 3), ("ok", 1)]


def test_a_muted_session_loses_what_it_would_say() -> None:
    """Frames of a mute connection are not kept for later."""
    table = table_of()
    client = table.client()
    client.session.muted = True
    assert client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B]) == []
    client.session.muted = False
    assert seqs(client.update("get_snapshot", sid=1, market_tickers=[B])) == [("orderbook_snapshot", 2)]
