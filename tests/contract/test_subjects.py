"""Subjects: any ticker becomes one token that the bus accepts, and comes back as it was."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proto.subjects import Subjects, escape, series_of, unescape

#: What NATS accepts as a KV key; a subject token is narrower still: no dot, star, angle or blank.
KV_KEY = re.compile(r"^[-/_=\.a-zA-Z0-9]+$")

REAL = (
    ("KXBTCD-26MAR1213-T69499.99", "KXBTCD-26MAR1213-T69499=2E99", "KXBTCD"),
    ("KXXRP-26FEB1317-B1.3899500", "KXXRP-26FEB1317-B1=2E3899500", "KXXRP"),
    ("KXETHD-26FEB1217-T1819.99", "KXETHD-26FEB1217-T1819=2E99", "KXETHD"),
    ("KXNBAGAME-26MAR12BOSLAL-BOS", "KXNBAGAME-26MAR12BOSLAL-BOS", "KXNBAGAME"),
    ("KXWTACHALLENGERMATCH-26JUN11JIMLEP-LEP", "KXWTACHALLENGERMATCH-26JUN11JIMLEP-LEP", "KXWTACHALLENGERMATCH"),
)

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
hostile = st.text("A-.=*> /2E3D\r\n\x00é", min_size=1)
tickers = texts | hostile


def covers(wildcard: str, subject: str) -> bool:
    """Match as NATS does for a pattern that ends in `>`."""
    pattern, tokens = wildcard.split("."), subject.split(".")
    return pattern[-1] == ">" and tokens[: len(pattern) - 1] == pattern[:-1] and len(tokens) >= len(pattern)


@pytest.mark.parametrize(("ticker", "token", "series"), REAL)
def test_real_tickers(ticker: str, token: str, series: str) -> None:
    """Tickers that the exchange really listed are written as the README shows."""
    assert escape(ticker) == token
    assert unescape(token) == ticker
    assert series_of(ticker) == series
    assert Subjects().market("book", ticker) == f"kalshi.v1.book.{series}.{token}"


@given(tickers)
def test_escaping_is_reversible(ticker: str) -> None:
    """What was escaped comes back."""
    assert unescape(escape(ticker)) == ticker


@given(tickers)
def test_token_is_legal_everywhere(ticker: str) -> None:
    """A ticker is one token of a subject and a key of a KV bucket."""
    token = escape(ticker)
    assert KV_KEY.fullmatch(token)
    assert "." not in token


@given(tickers, tickers)
@example("A.B", "A=2EB")
@example("é", "=C3=A9")
def test_different_tickers_have_different_tokens(one: str, other: str) -> None:
    """No two tickers meet on one subject."""
    assert (escape(one) == escape(other)) == (one == other)


@given(tickers)
def test_subject_gives_its_ticker_back(ticker: str) -> None:
    """The ticker can be read from a market's subject under any prefix."""
    for subjects in (Subjects(), Subjects("test.of.two")):
        assert subjects.ticker(subjects.market("book", ticker)) == ticker


@given(tickers)
def test_wildcards_cover_the_market(ticker: str) -> None:
    """A market's subject is seen by who listens to its series or to the kind, and by nobody else."""
    subjects = Subjects()
    subject = subjects.market("book", ticker)
    assert covers(subjects.series("book", series_of(ticker)), subject)
    assert covers(subjects.all("book"), subject)
    assert not covers(subjects.series("book", series_of(ticker) + "X"), subject)
    assert not covers(subjects.all("trade"), subject)


@given(st.text() | hostile | st.from_regex(r"\A(?:[A-Z0-9-]|=[0-9A-F]{2}){1,6}\Z"))
@example("=2E")
@example("=41")
@example("=FF")
def test_unescape_takes_only_what_escape_makes(token: str) -> None:
    """A text is refused, or it is exactly the token of what it was read as."""
    try:
        ticker = unescape(token)
    except ValueError:
        return
    assert escape(ticker) == token


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "A.B",
        "A B",
        "A*",
        ">",
        "A\n",
        "é",
        "=",
        "=2",
        "=2e",
        "=GG",
        "A=2",
        "=41",
        "=2D",
        "=FF",
        "=C3",
        "=ED=A0=80",
    ],
)
def test_unescape_refuses_what_escape_can_not_have_made(token: str) -> None:
    """Bare bytes, lower-case hex, needless escapes and broken UTF-8 are refused."""
    with pytest.raises(ValueError, match=r"token|decode"):
        unescape(token)


def test_nothing_has_no_token() -> None:
    """The empty ticker is refused instead of making an empty token."""
    with pytest.raises(ValueError, match="empty"):
        escape("")


def test_subjects_that_are_not_of_a_market() -> None:
    """Names of instances and reasons are escaped, names of requests are not."""
    subjects = Subjects("test")
    assert subjects.gateway("gateway.0") == "test.v1.sys.gateway.gateway=2E0"
    assert subjects.quarantine("unknown type") == "test.v1.quarantine.unknown=20type"
    assert subjects.rpc("book.get") == "test.v1.rpc.book.get"
