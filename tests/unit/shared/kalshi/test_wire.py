"""Frames are read in today's form and in older ones; what is not understood says why."""

import pytest

from shared.kalshi import wire
from shared.kalshi.errors import Malformed
from tests.unit.shared.kalshi.captures import frames


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("demo-2026-06-11-no-scale.jsonl", {"Subscribed": 2, "OrderbookSnapshot": 1, "OrderbookDelta": 4}),
        ("demo-2026-06-11-yes-scale.jsonl", {"Subscribed": 2, "OrderbookSnapshot": 1, "OrderbookDelta": 2}),
        ("kxbtc15m-2026-05-14.jsonl", {"Subscribed": 1, "OrderbookSnapshot": 1, "OrderbookDelta": 167}),
        ("twelve-markets-2026-09-14.jsonl", {"Subscribed": 1, "OrderbookSnapshot": 12, "OrderbookDelta": 20}),
        ("tickers-2026-02-12-transitional.jsonl", {"Ticker": 10}),
        ("trades-2026-02-12-transitional.jsonl", {"Trade": 10}),
        ("inxd-2023-08-31-morning-cents.jsonl.gz", {"OrderbookSnapshot": 5, "OrderbookDelta": 19_995}),
    ],
)
def test_reads_every_captured_frame(name: str, counts: dict[str, int]) -> None:
    """Every frame that the exchange was seen to send is understood as its type."""
    seen: dict[str, int] = {}
    for frame in frames(name):
        kind = type(wire.decode(frame)).__name__
        seen[kind] = seen.get(kind, 0) + 1
    assert seen == counts


def test_reads_control_replies() -> None:
    """Replies keep the command's id, the sid, and the sequence number where there is one."""
    assert wire.decode('{"type":"subscribed","id":1,"msg":{"channel":"trade","sid":2}}') == wire.Subscribed(
        wire.SubscribedMsg("trade", 2), id=1
    )
    assert wire.decode('{"id":3,"type":"unsubscribed","sid":2,"seq":7}') == wire.Unsubscribed(2, seq=7, id=3)
    error = wire.decode('{"type":"error","id":4,"msg":{"code":8,"msg":"Unknown channel name"}}')
    assert error == wire.Error(wire.ErrorMsg(8, "Unknown channel name"), id=4)


@pytest.mark.parametrize(
    ("frame", "tickers"),
    [
        ('{"type":"ok","id":1,"sid":1,"seq":2,"msg":{"market_tickers":["A","B"]}}', ["A", "B"]),
        ('{"type":"ok","id":1,"sid":1,"seq":2,"market_tickers":["A"]}', ["A"]),
        ('{"type":"ok","id":1,"sid":1,"seq":2,"msg":{"market_tickers":[]}}', []),
        ('{"type":"ok","id":1,"sid":1,"seq":2,"msg":{}}', None),
        ('{"type":"ok","id":1,"sid":1,"seq":2}', None),
    ],
)
def test_ok_lists_markets_in_either_place(frame: str, tickers: list[str] | None) -> None:
    """An empty list is not the same as no list."""
    ok = wire.decode(frame)
    assert isinstance(ok, wire.Ok)
    assert ok.tickers == tickers
    assert ok.subscriptions is None


def test_ok_lists_subscriptions() -> None:
    """The reply to list_subscriptions is an ok whose msg is an array."""
    ok = wire.decode('{"type":"ok","id":5,"msg":[{"channel":"ticker","sid":1},{"channel":"trade","sid":2}]}')
    assert isinstance(ok, wire.Ok)
    assert ok.subscriptions == [wire.SubscribedMsg("ticker", 1), wire.SubscribedMsg("trade", 2)]
    assert ok.tickers is None


def test_unknown_members_are_ignored() -> None:
    """The exchange adds members without notice, at both levels."""
    frame = wire.decode(
        '{"new":1,"seq":3,"sending_ts_ms":9,"msg":{"side":"no","new":{},"market_ticker":"T"},"sid":2,'
        '"type":"orderbook_delta"}\n'
    )
    assert frame == wire.OrderbookDelta(2, 3, wire.DeltaMsg("T", "no"), sending_ts_ms=9)


@pytest.mark.parametrize(
    ("frame", "reason", "sid", "seq"),
    [
        (b"", "not_json", None, None),
        (b"\n", "not_json", None, None),
        (b'{"type":"ok"', "not_json", None, None),
        (b'{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"\xff"}}', "invalid", 1, 1),
        ('{"type":"\ud800"}', "not_json", None, None),
        (b'{"a":' + b"[" * 100_000, "not_json", None, None),
        (b"[]", "invalid", None, None),
        (b"{}", "invalid", None, None),
        (b'{"type":"rfq_created","sid":3,"seq":8,"msg":{}}', "unknown_type", 3, 8),
        (b'{"type":"rfq_created","sid":3,"msg":{}}', "unknown_type", 3, None),
        (b'{"type":"fill","sid":3,"msg":{}}', "invalid", 3, None),
        (b'{"type":"orderbook_delta","sid":1,"seq":5}', "invalid", 1, 5),
        (b'{"type":"orderbook_delta","sid":1,"seq":5,"msg":{"market_ticker":"T","side":"up"}}', "invalid", 1, 5),
        (b'{"type":"orderbook_delta","sid":1,"seq":5,"msg":{"market_ticker":"","side":"no"}}', "invalid", 1, 5),
        (b'{"type":"orderbook_delta","sid":"x","seq":5,"msg":{}}', "invalid", None, None),
        (b'{"type":"orderbook_snapshot","msg":{"market_ticker":"T"}}', "invalid", None, None),
    ],
)
def test_malformed_frames_say_why(frame: bytes | str, reason: str, sid: int | None, seq: int | None) -> None:
    """The reason is a token, and sid and seq survive wherever the envelope can be read."""
    with pytest.raises(Malformed) as caught:
        wire.decode(frame)
    assert (caught.value.reason, caught.value.sid, caught.value.seq) == (reason, sid, seq)
