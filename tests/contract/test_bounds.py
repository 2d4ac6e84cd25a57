"""Requests that could do harm are refused when they are read."""

import msgspec
import pytest

from proto.requests import BookGet, Lease, Resync


@pytest.mark.parametrize("ticker", ["", "K" * 201])
@pytest.mark.parametrize("request_type", [BookGet, Lease, Resync])
def test_tickers_that_no_subject_can_hold_are_refused(request_type: type[msgspec.Struct], ticker: str) -> None:
    """An empty ticker has no subject, and an endless one breaks the bus connection of whoever uses it."""
    request = {"client": "c", "tickers": [ticker]}
    with pytest.raises(msgspec.ValidationError, match="length"):
        msgspec.convert(request, request_type)
