"""schemas.json describes the messages as they are encoded."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from proto.__main__ import read_examples
from proto.generate import jsonschema
from proto.generate.contract import UNIONS

DOCUMENT = jsonschema.document()
EXAMPLES = read_examples()


def validator(name: str) -> Draft202012Validator:
    """Return a validator for one definition of the document."""
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": DOCUMENT["$defs"]})


def numbers(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every value that may be a fraction."""
    match schema:
        case {"type": "number"}:
            yield path
        case dict():
            for key, value in schema.items():
                yield from numbers(value, (*path, key))
        case list():
            for value in schema:
                yield from numbers(value, path)


def test_document_is_a_schema() -> None:
    """The document follows the draft it names."""
    assert DOCUMENT["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(DOCUMENT)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_valid(name: str) -> None:
    """Every example obeys the schema of its message."""
    validator(name.partition("-")[0]).validate(EXAMPLES[name])


@pytest.mark.parametrize("union", UNIONS, ids=lambda union: union.name)
def test_union_takes_its_members_and_nothing_else(union: Any) -> None:
    """A union accepts the example of each member and refuses messages of others."""
    for member in union.members:
        validator(union.name).validate(EXAMPLES[member.__name__])
    assert not validator(union.name).is_valid(EXAMPLES["Heartbeat"])


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("Delta", {"price": 0.95}),
        ("Delta", {"price": 10_001}),
        ("Delta", {"side": "buy"}),
        ("Stale", {"reason": "tired"}),
        ("Snapshot", {"yes": [[9500, 120000, 1]]}),
        ("Snapshot", {"received_ts": None}),
        ("Events", {"events": [{"type": "hello"}]}),
    ],
)
def test_wrong_value_is_refused(name: str, wrong: dict[str, object]) -> None:
    """Bounds, vocabularies and tuples are part of the schema."""
    assert not validator(name).is_valid(EXAMPLES[name] | wrong)


def test_only_values_for_screens_and_strikes_are_fractions() -> None:
    """Prices, quantities and times on the bus are integers."""
    allowed = {
        ("SideStats", "bid"),
        ("SideStats", "ask"),
        ("SideStats", "volume"),
        ("Ticker1s", "timestamp"),
        ("Lifecycle", "floor_strike"),
        ("Lifecycle", "cap_strike"),
        ("ListedMarket", "floor_strike"),
        ("ListedMarket", "cap_strike"),
        ("Hello", "heartbeat_s"),
        ("RelayHeartbeat", "lag_ms"),
    }
    assert {(path[1], path[3]) for path in numbers(DOCUMENT)} == allowed


def test_descriptions_are_free_of_the_indentation_of_their_source() -> None:
    """A docstring is published as its author meant it."""
    descriptions = [definition["description"] for definition in DOCUMENT["$defs"].values()]
    assert all(descriptions)
    assert not [text for text in descriptions if "\n " in text]


def test_every_price_and_time_says_its_unit() -> None:
    """A member whose name promises a unit carries it in its description."""
    units = {"_ts": "microseconds since 1970 UTC", "price": "1/10 000 dollar", "qty": "1/100 contract"}
    for name, definition in DOCUMENT["$defs"].items():
        for member, schema in definition.get("properties", {}).items():
            for ending, unit in units.items():
                if member.endswith(ending) and name != "Units":
                    assert unit in str(schema), f"{name}.{member}"
