"""Parameters are read as the exchange reads them, and refused in its words."""

import msgspec
import pytest

from services.simulator.rest.errors import RequestRefused
from services.simulator.rest.queries import (
    GetEventsParams,
    GetMarketOrderbookParams,
    GetMarketsParams,
    GetTradesParams,
    names,
    read,
)


def test_text_becomes_values() -> None:
    """Numbers and booleans are read from text; what is empty or unknown is ignored."""
    members = [
        ("limit", "7"),
        ("min_ts", "-1"),
        ("is_block_trade", "false"),
        ("ticker", "A.B"),
        ("cursor", ""),
        ("x", ""),
    ]
    assert read(GetTradesParams, members) == GetTradesParams(limit=7, min_ts=-1, is_block_trade=False, ticker="A.B")


@pytest.mark.parametrize(
    ("kind", "name", "value", "told"),
    [
        (
            GetMarketsParams,
            "limit",
            "1001",
            "Parameter validation failed for GetMarkets: Key: 'GetMarketsParams.Limit' "
            "Error:Field validation for 'Limit' failed on the 'lte' tag",
        ),
        (
            GetEventsParams,
            "limit",
            "0",
            "Parameter validation failed for GetEvents: Key: 'GetEventsParams.Limit' "
            "Error:Field validation for 'Limit' failed on the 'gte' tag",
        ),
        (
            GetMarketsParams,
            "mve_filter",
            "all",
            "Parameter validation failed for GetMarkets: Key: 'GetMarketsParams.MveFilter' "
            "Error:Field validation for 'MveFilter' failed on the 'oneof' tag",
        ),
        (
            GetMarketOrderbookParams,
            "depth",
            "deep",
            "Invalid format for parameter depth: error binding string parameter: parsing 'deep'",
        ),
    ],
)
def test_wrong_value_is_refused_in_the_exchanges_words(
    kind: type[msgspec.Struct], name: str, value: str, told: str
) -> None:
    """Name, rule and shape of the error are those of the recorded reply."""
    with pytest.raises(RequestRefused) as caught:
        read(kind, [(name, value)])
    assert caught.value.status == 400
    assert caught.value.body == {"msg": told}


def test_names_of_a_comma_list_are_read_once() -> None:
    """Repeated and empty names do not count."""
    assert names("B,A,,B") == ["B", "A"]
    assert names("") == []
