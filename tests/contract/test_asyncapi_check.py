"""The check of frames against the exchange's AsyncAPI document sees what is wrong."""

from copy import deepcopy
from typing import Any

import pytest

from tests.asyncapi import WrongFrame, check, examples, messages

BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("no such type", {"type": "news"}),
    ("a missing member", {"type": "trade", "sid": 1, "seq": 1, "msg": {}}),
    ("no sequence", {"type": "orderbook_snapshot", "sid": 1, "msg": {"market_ticker": "A", "market_id": ""}}),
    ("a sequence where there is none", {"type": "ticker", "sid": 1, "seq": 1, "msg": {}}),
    ("another id", {"type": "orderbook_snapshot", "sid": 1, "seq": 1, "msg": {"market_ticker": "A", "market_id": "B"}}),
    ("a list without sids", {"type": "ok", "msg": [{"channel": "trade"}]}),
    ("an unknown code", {"type": "error", "msg": {"code": 16, "msg": "Market not found"}}),
    ("a sid of 0", {"type": "unsubscribed", "sid": 0, "seq": 1}),
]


def test_the_documents_own_examples() -> None:
    """The check knows each example for what it is."""
    found = list(examples())
    assert {name for name, _ in found} >= set(messages()) - {
        "subscribedIndicesResponse",
        "subscribedUnderlyingsResponse",
    }
    for name, frame in found:
        assert check(frame) == name


@pytest.mark.parametrize("frame", [frame for _, frame in BROKEN], ids=[name for name, _ in BROKEN])
def test_what_is_wrong_is_seen(frame: dict[str, Any]) -> None:
    """The check refuses what the document does not allow."""
    with pytest.raises(WrongFrame):
        check(frame)


@pytest.mark.parametrize("name", ["orderbookDelta", "ticker", "trade", "fill", "userOrder", "marketLifecycleV2"])
def test_what_is_strange_is_seen(name: str) -> None:
    """Members that nobody knows, ids that are none, times that are none and short numbers are refused."""
    frame = next(frame for known, frame in examples() if known == name)
    spoilt = 0
    for member, value in (("news", 1), ("market_id", "x"), ("trade_id", "x"), ("order_id", "x"), ("created_time", "x"),
                          ("yes_price_dollars", "0.5"), ("count_fp", "1"), ("sending_ts_ms", "x")):  # fmt: skip
        if member != "news" and member not in frame["msg"]:
            continue
        wrong = deepcopy(frame)
        wrong["msg"][member] = value
        with pytest.raises(WrongFrame):
            check(wrong)
        spoilt += 1
    assert spoilt
