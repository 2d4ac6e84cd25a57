"""JSON Schema (draft 2020-12) of every message."""

import inspect
from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from proto.generate.contract import BUS_EVENT, MESSAGES, UNIONS, Union
from proto.relay import Events

Schema: TypeAlias = dict[str, Any]


def document() -> Schema:
    """Return one schema document with a definition for each message, nested struct and union."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Messages of kalshi-fanout",
        "description": "Validate a message against `#/$defs/{name}`. Unknown members are allowed: messages grow.",
        "$defs": definitions("#/$defs/{name}", UNIONS),
    }


def definitions(ref_template: str, unions: Iterable[Union]) -> Schema:
    """Return the schemas of all messages and of these unions by name."""
    _, schemas = msgspec.json.schema_components(MESSAGES, ref_template=ref_template)
    for schema in schemas.values():
        schema["description"] = inspect.cleandoc(schema["description"])
    _describe_events(schemas[Events.__name__], ref_template)
    return schemas | {union.name: _union(union, ref_template) for union in unions}


def _describe_events(schema: Schema, ref_template: str) -> None:
    schema["properties"]["events"]["items"] = {"$ref": ref_template.format(name=BUS_EVENT.name)}


def _union(union: Union, ref_template: str) -> Schema:
    return {
        "title": union.name,
        "description": union.description,
        "oneOf": [{"$ref": ref_template.format(name=member.__name__)} for member in union.members],
    }
