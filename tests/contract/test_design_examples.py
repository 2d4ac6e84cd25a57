"""The messages programs outside rely on have exactly these members in exactly this order."""

import msgspec
import pytest

from proto.book import Delta, Snapshot, Stale
from proto.market import Depth, Ticker, Ticker1s, Top, Trade

MARKET = '"ticker":"KXBTCD-26MAR1213-T69499.99"'
EXAMPLES: tuple[tuple[type[msgspec.Struct], str], ...] = (
    (
        Snapshot,
        '{"type":"snapshot",' + MARKET + ',"epoch":7,"seq":0,"exchange_ts":null,"received_ts":1773333667123643,'
        '"exchange_seq":12,"yes":[[9500,120000],[9400,5]],"no":[[400,300]]}',
    ),
    (
        Delta,
        '{"type":"delta",' + MARKET + ',"epoch":7,"seq":1,"exchange_ts":1773333668015000,'
        '"received_ts":1773333668021744,"exchange_seq":13,"side":"yes","price":9600,"delta":-5400}',
    ),
    (
        Stale,
        '{"type":"stale",' + MARKET + ',"epoch":7,"seq":1,"received_ts":1773333670437647,"reason":"gap"}',
    ),
    (
        Trade,
        '{"type":"trade",' + MARKET + ',"trade_id":"d6af7817-8764-6afb-f5b7-ced5fda2581c",'
        '"exchange_ts":1773333668015000,"received_ts":1773333668021956,"yes_price":9500,"no_price":500,"qty":5400,'
        '"taker_side":"yes","block":false}',
    ),
    (
        Ticker,
        '{"type":"ticker",' + MARKET + ',"exchange_ts":1773333668015000,"received_ts":1773333668022274,'
        '"last_price":9500,"yes_bid":9500,"yes_bid_qty":114600,"yes_ask":9600,"yes_ask_qty":30000,'
        '"no_bid":400,"no_ask":500,"volume":1344600,"open_interest":892000,"dollar_volume":6723,'
        '"dollar_open_interest":4460}',
    ),
    (
        Top,
        '{"type":"top",' + MARKET + ',"epoch":7,"seq":41,"status":"live","exchange_ts":1773333668015000,'
        '"received_ts":1773333668021744,"yes_bid":9500,"yes_bid_qty":114600,"yes_bid_2":9400,"yes_ask":9600,'
        '"yes_ask_qty":30000,"yes_ask_2":null,"no_bid":400,"no_bid_qty":30000,"no_bid_2":null,"no_ask":500,'
        '"no_ask_qty":114600}',
    ),
    (
        Depth,
        '{"type":"depth",' + MARKET + ',"epoch":7,"seq":41,"status":"live","received_ts":1773333668021744,'
        '"yes":[[9500,114600],[9400,8550]],"no":[[400,30000]]}',
    ),
    (
        Ticker1s,
        '{"type":"ticker1s","market_id":"KXBTCD-26MAR1213-T69499.99","platform":"kalshi","status":"live","epoch":7,'
        '"seq":41,"summary_stats":{"yes":{"bid":0.52,"ask":0.54,"volume":1900.0},'
        '"no":{"bid":0.46,"ask":0.48,"volume":1900.0}},"timestamp":1703123456.789}',
    ),
)


@pytest.mark.parametrize(("message", "text"), EXAMPLES, ids=[message.__name__ for message, _ in EXAMPLES])
def test_encoding_is_byte_for_byte_as_promised(message: type[msgspec.Struct], text: str) -> None:
    """Names, order, nulls and numbers come out as they went in: nothing missing, nothing added."""
    assert msgspec.json.encode(msgspec.json.decode(text, type=message)).decode() == text
