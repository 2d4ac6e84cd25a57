"""What the exchange's refusals of a connection mean."""

import pytest

from services.gateway.dialling import MAINTENANCE, Refusal, in_maintenance, refusal, unreachable

URL = "wss://exchange/ws"


def body(code: str, details: str = "") -> bytes:
    """Make a nested error body."""
    return b'{"error":{"code":"%s","message":"no","details":"%s"}}' % (code.encode(), details.encode())


@pytest.mark.parametrize(
    ("status", "content", "reason", "hard", "words"),
    [
        (401, body("header_timestamp_expired"), "clock", False, ["header_timestamp_expired", "clock"]),
        (401, body("authentication_error", "INCORRECT_API_KEY_SIGNATURE"), "unauthorised", True, ["INCORRECT_API_KEY"]),
        (401, body("authentication_error", "NOT_FOUND"), "unauthorised", True, ["NOT_FOUND", "KALSHI_KEY_ID"]),
        (401, body("signature_is_missing_from_headers"), "unauthorised", True, ["signature_is_missing_from_headers"]),
        (403, b'{"code":"forbidden","message":"not yours"}', "unauthorised", True, ["forbidden", "not yours"]),
        (429, b'{"error":"too many requests"}', "too_many", False, ["too many requests"]),
        (404, b"404 page not found", "not_found", True, ["HTTP 404", "KALSHI_WS_URL"]),
        (503, b"<html>", "unavailable", False, ["HTTP 503"]),
        (500, b"", "unavailable", False, ["HTTP 500"]),
    ],
)
def test_refusal(status: int, content: bytes, reason: str, hard: bool, words: list[str]) -> None:
    """Each answer has its reason, a sentence with what the exchange said, and whether only the operator can help."""
    told = refusal(status, content, URL)
    assert (told.reason, told.hard) == (reason, hard)
    assert URL in told.sentence
    for word in words:
        assert word in told.sentence


@pytest.mark.parametrize(
    "content",
    [b'{"error":"\xff"}', b'{"more":' + b"[" * 100_000, b'{"error":null}', b'{"error":{"code":7}}', b"[]", b'"no"'],
)
def test_a_body_that_is_not_understood_does_no_harm(content: bytes) -> None:
    """Any answer at all is a refusal, told by its status where its body says nothing."""
    assert "HTTP 401" in refusal(401, content, URL).sentence


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("name_not_resolved", ["DNS", "KALSHI_WS_URL"]),
        ("refused", ["nobody listens"]),
        ("timeout", ["in time"]),
        ("tls", ["certificate", "clock"]),
        ("no_websocket", ["KALSHI_WS_URL"]),
        ("unreachable", ["can not be reached"]),
    ],
)
def test_unreachable(reason: str, words: list[str]) -> None:
    """Without an answer the sentence says what happened, what was said, and where to look."""
    told = unreachable(reason, "so it goes", URL)
    assert (told.reason, told.hard, told.level) == (reason, False, "warning")
    for word in (URL, "so it goes", *words):
        assert word in told.sentence


@pytest.mark.parametrize("reason", ["unavailable", "refused", "timeout", "unreachable"])
def test_the_exchange_is_away_in_its_maintenance(reason: str) -> None:
    """On Thursday morning an exchange that is away is no alarm."""
    told = in_maintenance(Refusal(reason, "away"))
    assert (told.reason, told.sentence, told.hard, told.level) == ("maintenance", MAINTENANCE, False, "info")


@pytest.mark.parametrize("reason", ["clock", "unauthorised", "not_found", "too_many", "name_not_resolved", "tls"])
def test_the_maintenance_excuses_nothing_else(reason: str) -> None:
    """What is wrong on our side is told at any hour."""
    told = Refusal(reason, "ours", hard=reason == "unauthorised")
    assert in_maintenance(told) is told
    assert told.level == ("error" if told.hard else "warning")
