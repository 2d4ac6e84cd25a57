"""The project's own modules and services, as the files say."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("proto", "shared", "services")


def modules() -> dict[str, Path]:
    """Return all modules by their dotted name."""
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    return {_name(file): file for file in files}


def services() -> list[str]:
    """Return the folders of services/, the operator's hand included."""
    return sorted(file.parent.name for file in (ROOT / "services").glob("*/__init__.py"))


def _name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
