"""TypeScript declarations of every message."""

import inspect
import json
from importlib import import_module
from types import ModuleType
from typing import Annotated, Literal, TypeAlias, get_origin

from msgspec.inspect import (
    BoolType,
    DictType,
    Field,
    FloatType,
    IntType,
    LiteralType,
    Metadata,
    NoneType,
    RawType,
    StrType,
    StructType,
    TupleType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

from proto import units
from proto.generate.contract import BUS_EVENT, MESSAGES, UNIONS, Union
from proto.generate.jsonschema import definitions

Aliases: TypeAlias = dict[str, Type]

_MODULES = tuple(map(import_module, dict.fromkeys([units.__name__, *(message.__module__ for message in MESSAGES)])))
_PLAIN: dict[type[Type], str] = {
    BoolType: "boolean",
    FloatType: "number",
    IntType: "number",
    NoneType: "null",
    StrType: "string",
    RawType: BUS_EVENT.name,
}


def document() -> str:
    """Return one module: an alias per scalar with its unit, an interface per struct, the unions."""
    aliases = _aliases(_MODULES)
    blocks = [
        "// Messages of kalshi-fanout. Written by `python -m proto`; change the structs instead.",
        *(_alias(name, node, aliases) for name, node in aliases.items()),
        *(_interface(struct, aliases) for struct in _structs(_MODULES)),
        *(_union(union) for union in UNIONS),
    ]
    return "\n\n".join(blocks) + "\n"


def _aliases(modules: tuple[ModuleType, ...]) -> Aliases:
    """Collect the names that the modules give to scalars, so that members show `Price` instead of `number`."""
    return {
        name: type_info(value)
        for module in modules
        for name, value in vars(module).items()
        if get_origin(value) in {Annotated, Literal}
    }


def _structs(modules: tuple[ModuleType, ...]) -> list[StructType]:
    """List every message and nested struct in the order of the JSON Schema."""
    named = {name: value for module in modules for name, value in vars(module).items()}
    nodes = (type_info(named[name]) for name in definitions("{name}", ()))
    return [node for node in nodes if isinstance(node, StructType)]


def _alias(name: str, node: Type, aliases: Aliases) -> str:
    return f"{_comment(_description(node))}export type {name} = {_bare(node, aliases)};"


def _union(union: Union) -> str:
    members = " | ".join(member.__name__ for member in union.members)
    return f"{_comment(union.description)}export type {union.name} = {members};"


def _interface(struct: StructType, aliases: Aliases) -> str:
    tag = [f'  readonly {struct.tag_field}: "{struct.tag}";'] if struct.tag_field else []
    members = [_member(field, aliases) for field in struct.fields]
    lines = [f"export interface {struct.cls.__name__} {{", *tag, *members, "}"]
    return _comment(struct.cls.__doc__) + "\n".join(lines)


def _member(field: Field, aliases: Aliases) -> str:
    optional = "" if field.required else "?"
    comment = _comment(_description(field.type), indent="  ")
    return f"{comment}  readonly {field.encode_name}{optional}: {_type(field.type, aliases)};"


def _type(node: Type, aliases: Aliases) -> str:
    """Spell a type by its alias if it has one."""
    named = [name for name, alias in aliases.items() if alias == node]
    return named[0] if named else _bare(node, aliases)


def _bare(node: Type, aliases: Aliases) -> str:
    match node:
        case Metadata(type=inner):
            spelled = _bare(inner, aliases)
        case StructType(cls=struct):
            spelled = struct.__name__
        case LiteralType(values=values):
            spelled = " | ".join(json.dumps(value) for value in values)
        case UnionType(types=types):
            spelled = " | ".join(_type(inner, aliases) for inner in types)
        case TupleType(item_types=types):
            spelled = f"readonly [{', '.join(_type(inner, aliases) for inner in types)}]"
        case VarTupleType(item_type=item):
            spelled = f"ReadonlyArray<{_type(item, aliases)}>"
        case DictType(value_type=value):
            spelled = f"{{ readonly [key: string]: {_type(value, aliases)} }}"
        case _:
            spelled = _PLAIN[type(node)]
    return spelled


def _description(node: Type) -> str | None:
    match node:
        case Metadata(extra_json_schema={"description": str(description)}):
            return description
        case UnionType(types=types):
            return next(filter(None, map(_description, types)), None)
        case _:
            return None


def _comment(text: str | None, indent: str = "") -> str:
    if not text:
        return ""
    first, *others = inspect.cleandoc(text).replace("*/", "* /").splitlines()
    if not others:
        return f"{indent}/** {first} */\n"
    lines = "".join(f"{indent} * {line}".rstrip() + "\n" for line in (first, *others))
    return f"{indent}/**\n{lines}{indent} */\n"
