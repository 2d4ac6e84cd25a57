"""The exchange's REST schema, made strict, and what a reply says that it does not allow.

OpenAPI 3.0 is not quite JSON Schema: `nullable` stands where a schema would list null. Strict means here that an object
has no member that the schema does not know, and that numbers in strings have the digits that the exchange writes.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

FILE = Path(__file__).parent / "data" / "kalshi-spec" / "openapi.yaml"
_URI = "urn:kalshi:openapi"
#: The schema says no more than "string" of these; what was paid has six digits, and what is held or won a sign.
_DIGITS = {"FixedPointDollars": r"^-?\d+\.\d{4}(\d{2})?$", "FixedPointCount": r"^-?\d+\.\d{2}$"}
_FORMATS = FormatChecker(())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or (value.endswith("Z") and datetime.fromisoformat(value) is not None)


def problems(schema: dict[str, Any], reply: object) -> list[str]:
    """Return what a reply says that its schema does not allow."""
    validator = Draft202012Validator(_as_json_schema(schema), registry=_registry(), format_checker=_FORMATS)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(reply)]


def component(name: str) -> dict[str, Any]:
    """Return the schema of that name."""
    assert name in document()["components"]["schemas"]
    return {"$ref": f"#/components/schemas/{name}"}


def reply_schema(path: str, status: int = 200) -> dict[str, Any]:
    """Return the schema of the reply to a GET."""
    schema: dict[str, Any] = document()["paths"][path]["get"]["responses"][str(status)]["content"]["application/json"][
        "schema"
    ]
    return schema


@cache
def document() -> dict[str, Any]:
    """Return the document as it is written."""
    read: dict[str, Any] = yaml.load(FILE.read_text("utf-8"), Loader=yaml.CSafeLoader)
    for name, digits in _DIGITS.items():
        read["components"]["schemas"][name]["pattern"] = digits
    return read


@cache
def _registry() -> Registry[Any]:
    components = {"components": {"schemas": _as_json_schema(document()["components"]["schemas"])}}
    registry: Registry[Any] = Registry()
    filled: Registry[Any] = registry.with_resource(_URI, DRAFT202012.create_resource(components))
    return filled


def _as_json_schema(node: Any) -> Any:
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        schema: dict[str, Any] = {"$ref": _URI + node["$ref"]}
    else:
        schema = {key: _as_json_schema(value) for key, value in node.items() if key not in {"nullable", "example"}}
        if isinstance(schema.get("properties"), dict) and schema["properties"] and "type" in schema:
            schema.setdefault("additionalProperties", False)
    return {"anyOf": [schema, {"type": "null"}]} if node.get("nullable") is True else schema
