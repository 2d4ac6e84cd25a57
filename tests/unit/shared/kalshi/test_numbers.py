"""The exchange's numbers are exact or refused."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kalshi.errors import Inexact
from shared.kalshi.numbers import (
    cents,
    contracts,
    count,
    dollars,
    format_count,
    format_dollars,
)

Parse = Callable[[str], int]
SCALES: list[tuple[Parse, int]] = [(dollars, 4), (count, 2)]


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (dollars, "0.960", 9600),
        (dollars, "0.9600", 9600),
        (dollars, "0.96000000", 9600),
        (dollars, "1", 10_000),
        (dollars, "1.", 10_000),
        (dollars, ".5", 5000),
        (dollars, "-0.0001", -1),
        (count, "54.00", 5400),
        (count, "-54", -5400),
        (count, "0.03", 3),
        (count, "-0.00", 0),
        (count, "15894315.75", 1_589_431_575),
    ],
)
def test_reads_by_value(parse: Parse, text: str, value: int) -> None:
    """Width does not matter, and nothing is rounded."""
    assert parse(text) == value


@pytest.mark.parametrize("parse", [dollars, count])
@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "-", "1e2", "NaN", "inf", "+1", " 1", "1 ", "1\n", "1_0", "٣", "0x1", "1,0", "--1", "9" * 40],
)
def test_refuses_what_is_no_number(parse: Parse, text: str) -> None:
    """Only plain decimals are numbers, and the error carries the text."""
    with pytest.raises(Inexact) as caught:
        parse(text)
    assert caught.value.text == text


@pytest.mark.parametrize(("parse", "text"), [(dollars, "0.00001"), (count, "0.001")])
def test_refuses_digits_beyond_the_unit(parse: Parse, text: str) -> None:
    """A digit that the unit can not hold is never rounded away, and asking twice changes nothing."""
    for _ in range(2):
        with pytest.raises(Inexact):
            parse(text)


@given(st.integers(-(10**12), 10**12))
def test_round_trip(value: int) -> None:
    """What is written in the exchange's form reads as the same integer."""
    assert dollars(format_dollars(value)) == value
    assert count(format_count(value)) == value


@given(st.sampled_from(SCALES), st.decimals(-(10**9), 10**9, places=8, allow_nan=False, allow_infinity=False))
def test_agrees_with_decimal(scale: tuple[Parse, int], number: Decimal) -> None:
    """A text is accepted exactly if decimal arithmetic says that it is a whole number of units."""
    parse, places = scale
    units = number.scaleb(places)
    if units == units.to_integral_value():
        assert parse(f"{number:f}") == int(units)
    else:
        with pytest.raises(Inexact):
            parse(f"{number:f}")


def test_formats_as_the_exchange_does() -> None:
    """Four decimals for dollars, two for contracts, and a leading sign."""
    assert [format_dollars(value) for value in (9600, 1, 10_000, -1)] == [
        "0.9600",
        "0.0001",
        "1.0000",
        "-0.0001",
    ]
    assert [format_count(value) for value in (5400, 3, 0, -5403)] == ["54.00", "0.03", "0.00", "-54.03"]


def test_legacy_integers_have_the_same_scale() -> None:
    """A cent and a contract are a hundred units each."""
    assert cents(96) == dollars("0.96")
    assert contracts(54) == count("54")
