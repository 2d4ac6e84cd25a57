"""messages.d.ts declares what schemas.json describes."""

import re

import pytest

from proto.generate import jsonschema, typescript
from proto.generate.contract import UNIONS, Union

TEXT = typescript.document()
SCHEMAS = {name: schema for name, schema in jsonschema.document()["$defs"].items() if schema.get("type") == "object"}


def body(interface: str) -> str:
    """Return the members of an interface as written."""
    found = re.search(rf"^export interface {interface} {{\n(.*?)^}}", TEXT, re.DOTALL | re.MULTILINE)
    assert found, f"no interface {interface}"
    return found[1]


@pytest.mark.parametrize("name", SCHEMAS)
def test_interface_has_the_members_of_the_schema(name: str) -> None:
    """Same members, same order, readonly, and optional exactly where the schema does not require them."""
    members = re.findall(r"^  readonly (\w+)(\??): ", body(name), re.MULTILINE)
    required = SCHEMAS[name]["required"]
    assert members == [(member, "" if member in required else "?") for member in SCHEMAS[name]["properties"]]


@pytest.mark.parametrize("union", UNIONS, ids=lambda union: union.name)
def test_union_is_told_apart_by_a_literal_tag(union: Union) -> None:
    """A union lists its members, and each of them has a tag of its own."""
    assert f"export type {union.name} = {' | '.join(member.__name__ for member in union.members)};" in TEXT
    tags = [body(member.__name__).splitlines()[0] for member in union.members]
    assert all(re.fullmatch(r'  readonly (type|cmd): "\w+";', tag) for tag in tags)
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(
    "line",
    [
        "export type Level = readonly [Price, Quantity];",
        "export type Ladder = ReadonlyArray<Level>;",
        "export type Heads = { readonly [key: string]: readonly [Epoch, Seq] };",
        "  readonly exchange_ts: Micros | null;",
        "  readonly events: ReadonlyArray<BusEvent>;",
        "  /** 1/10 000 dollar: $0.96 is 9600 */\n  readonly price: Price;",
    ],
)
def test_types_are_exact(line: str) -> None:
    """Tuples stay tuples, null is said, scalars keep the name of their unit."""
    assert f"\n{line}\n" in TEXT


def test_every_type_named_is_declared() -> None:
    """No member refers to a type that the module does not export."""
    declared = set(re.findall(r"^export (?:type|interface) (\w+)", TEXT, re.MULTILINE))
    code = re.sub(r'(?s:/\*\*.*?\*/)|//.*|"[^"]*"', "", TEXT)
    assert set(re.findall(r"\b[A-Z]\w*", code)) - {"ReadonlyArray"} == declared
