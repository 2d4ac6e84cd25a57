"""Who may import whom: the rules, and how a module's source is held against them.

`proto` → msgspec. `shared.market`, `shared.kalshi` → proto. `shared.runtime` → proto, shared.market. `services.X` →
proto, shared, itself. Only shells touch clock, loop, network, environment, randomness and log, or import a shell: these
are `shared.runtime`, and in a service `service` and `__main__`. A third-party library has one home. Only direct imports
are seen, which suffices because every step of a chain is a direct one.
"""

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatch

OWN = ("proto", "shared", "services")
SHELLS = ("shared.runtime", "shared.runtime.*", "*.__main__", "services.*.service", "services.*.service.*")
#: The world outside a function's arguments.
WORLD = frozenset(
    {
        *("asyncio", "concurrent", "multiprocessing", "sched", "selectors", "signal", "subprocess", "threading"),
        *("time", "os", "sys", "random", "secrets", "uuid", "tempfile", "shutil"),
        *("http", "socket", "socketserver", "ssl", "urllib.request", "logging"),
    }
)
HOMES = {
    "cryptography": ("shared.kalshi.signing",),
    "cyclopts": ("services.cli.*",),
    "fastapi": ("services.*.http", "services.*.http.*"),
    "httpx": ("shared.runtime.rest",),
    "msgspec": ("*",),
    "nats": ("shared.runtime.bus", "shared.runtime.kv"),
    "prometheus_client": ("shared.runtime.metrics", "shared.runtime.health"),
    "rich": ("services.cli.*",),
    "starlette": ("shared.runtime.http", "shared.runtime.health", "services.*.http", "services.*.http.*"),
    "structlog": ("shared.runtime.log",),
    "uvicorn": ("shared.runtime.http",),
    "uvloop": ("shared.runtime.run",),
    "websockets": ("shared.runtime.sockets", "services.gateway.service.*"),
}
#: What a web application needs of the runtime beside what it is handed.
WEB = {"services.*.http": ("shared.runtime.health",), "services.*.http.*": ("shared.runtime.health",)}


def violations(module: str, source: str) -> list[str]:
    """Return a sentence for each import that the module may not have."""
    found = []
    for imported in _imports(ast.parse(source)):
        problem = _problem(module, imported)
        if problem:
            found.append(f"{module} imports {imported or 'relatively'}: {problem}")
    return found


def is_shell(module: str) -> bool:
    """Whether a module may touch the world."""
    return _any(module, SHELLS)


def _imports(tree: ast.AST) -> Iterator[str]:
    """Yield what is imported, "" for a relative import; of `from a import b` both a and a.b, for b may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "" if node.level else node.module or ""
            yield base
            if base:
                yield from (f"{base}.{alias.name}" for alias in node.names)


def _problem(module: str, imported: str) -> str:
    if not imported:
        return "imports are absolute"
    top = imported.partition(".")[0]
    if top in OWN:
        return _own_problem(module, imported)
    if top in sys.stdlib_module_names:
        touches = any(imported == name or imported.startswith(f"{name}.") for name in WORLD)
        return "only shells touch the world outside" if touches and not is_shell(module) else ""
    if top not in HOMES:
        return "this library has no home"
    return "" if _any(module, HOMES[top]) else f"this library's home is {', '.join(HOMES[top])}"


def _own_problem(module: str, imported: str) -> str:
    if not _within(imported, _reach(module)):
        return "this is not among what it may know"
    if is_shell(imported) and not is_shell(module) and not _allowed_web(module, imported):
        return "only shells import shells"
    return ""


def _reach(module: str) -> tuple[str, ...]:
    """Return the packages that a module may import from, shells or not."""
    parts = module.split(".")
    if parts[0] == "proto":
        return ("proto",)
    if parts[0] == "shared":
        package = ".".join(parts[:2])
        return ("proto", package, "shared.market") if package == "shared.runtime" else ("proto", package)
    return ("proto", "shared", ".".join(parts[:2]))


def _within(imported: str, packages: tuple[str, ...]) -> bool:
    # `from shared import market` names `shared` too, which holds nothing of its own.
    bare = imported in {"shared", "services"}
    return bare or any(imported == package or imported.startswith(f"{package}.") for package in packages)


def _allowed_web(module: str, imported: str) -> bool:
    return any(fnmatch(module, web) and _within(imported, allowed) for web, allowed in WEB.items())


def _any(module: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(module, pattern) for pattern in patterns)
