"""The settings are what the config structs, the list of names and .env.example all say."""

import importlib
import re

import msgspec
import pytest

from shared.runtime.settings import NAMES, Runtime
from tests.architecture.source import ROOT, services

EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
STRUCTS: list[type[msgspec.Struct]] = [
    Runtime,
    *(importlib.import_module(f"services.{name}.config").Config for name in services()),
]


def _defaults(name: str) -> set[str]:
    """Return a setting's defaults as one would write them; a struct that leaves it empty leaves it to another."""
    fields = [field for struct in STRUCTS for field in msgspec.structs.fields(struct) if field.name.upper() == name]
    return {_written(field.default) for field in fields} - {""}


def _written(default: object) -> str:
    if default is None:
        return ""  # it depends on other settings
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)


def _examples() -> dict[str, str]:
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))


def _comment(name: str) -> str:
    found = re.search(rf"^# (.*)\n(?:#[A-Z_]+=.*\n)*?#{name}=", EXAMPLE, re.MULTILINE)
    return found[1] if found else ""


def test_names_are_the_fields() -> None:
    """Every known name is a field of some service's config, and every field is known."""
    fields = {field.upper() for struct in STRUCTS for field in struct.__struct_fields__}
    assert fields == NAMES


def test_example_lists_every_name() -> None:
    """.env.example has each setting once and no other."""
    listed = re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert sorted(listed) == sorted(NAMES)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_example_tells_the_default(name: str) -> None:
    """.env.example gives the default, or names each of them where the services differ."""
    defaults = _defaults(name)
    if len(defaults) > 1:
        assert _examples()[name] == ""
        assert all(default in _comment(name) for default in defaults)
    else:
        assert _examples()[name] == "".join(defaults)


def test_example_sets_nothing() -> None:
    """A copy of .env.example changes nothing until a # is taken off."""
    assert all(line.startswith("#") for line in EXAMPLE.splitlines() if line)
