"""What is said when a market is not heard of."""

from services.cli.hints import unheard


def test_silence_is_the_gateways() -> None:
    """Where nothing at all is heard the gateway is missing, not the market."""
    hint = unheard("KXA-1", [], 3.0)
    assert "within 3 s" in hint
    assert "./run up" in hint


def test_similar_markets_are_told() -> None:
    """The markets most like the one asked for are named first, and what to do."""
    heard = ["KXNBA-26-BOS", "KXBTC15M-26MAY141815-15", "KXBTC15M-26MAY141815-30"]
    hint = unheard("KXBTC15M-26MAY141815-16", heard, 3.0)
    assert "KXBTC15M-26MAY141815-16 is not among the 3 markets" in hint
    assert "such as KXBTC15M-26MAY141815-15, KXBTC15M-26MAY141815-30" in hint
    assert "MARKET_TICKERS" in hint


def test_some_markets_are_told_where_none_is_similar() -> None:
    """Without likeness a few of those that are there are named."""
    assert "such as A-1, B-2, C-3, D-4, E-5, or" in unheard("zzz", ["F-6", "E-5", "D-4", "C-3", "B-2", "A-1"], 3.0)
