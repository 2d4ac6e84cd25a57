"""The import rule holds, and would be seen to be broken."""

import pytest

from tests.architecture.imports import violations
from tests.architecture.source import modules

MODULES = modules()
CORE = "services.gateway.core"


@pytest.mark.parametrize("module", MODULES)
def test_imports_are_allowed(module: str) -> None:
    """Each module imports only what its place allows."""
    assert violations(module, MODULES[module].read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source", "reason"),
    [
        ("services.relay.service", "from services.gateway.config import Config", "not among what it may know"),
        ("services.relay.core", "import services.gateway", "not among what it may know"),
        (CORE, "from services import relay", "not among what it may know"),
        ("shared.market.book", "from services.gateway import core", "not among what it may know"),
        ("shared.market.book", "import shared.kalshi.wire", "not among what it may know"),
        ("shared.kalshi.wire", "from shared.market.book import Book", "not among what it may know"),
        ("shared.runtime.follow", "from shared.kalshi import wire", "not among what it may know"),
        ("proto.book", "from shared.market import book", "not among what it may know"),
        ("proto.book", "import tests.stack", "no home"),
        (CORE, "import time", "only shells touch"),
        (CORE, "from random import random", "only shells touch"),
        (CORE, "def late() -> None:\n    import asyncio", "only shells touch"),
        ("services.gateway.config", "import os", "only shells touch"),
        ("shared.kalshi.signing", "from os import environ", "only shells touch"),
        ("shared.market.book", "import urllib.request", "only shells touch"),
        ("services.relay.http", "import asyncio", "only shells touch"),
        (CORE, "from shared import runtime", "only shells import shells"),
        (CORE, "from shared.runtime.clock import now", "only shells import shells"),
        (CORE, "from services.gateway import service", "only shells import shells"),
        (CORE, "from services.gateway.service import serve", "only shells import shells"),
        ("services.relay.http", "from shared.runtime.bus import Bus", "only shells import shells"),
        ("services.relay.service", "import nats", "home is shared.runtime.bus"),
        ("services.relay.service", "from websockets.asyncio.client import connect", "home is shared.runtime.sockets"),
        ("services.relay.core", "from fastapi import FastAPI", "home is services.*.http"),
        ("shared.runtime.bus", "import requests", "no home"),
        (CORE, "from .config import Config", "absolute"),
        (CORE, "from . import config", "absolute"),
    ],
)
def test_violation_is_seen(module: str, source: str, reason: str) -> None:
    """Each kind of forbidden import is found and its reason told."""
    found = violations(module, source)
    assert found
    assert all(reason in problem for problem in found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (CORE, "from urllib.parse import urlsplit\nfrom collections.abc import Mapping\nimport msgspec"),
        (CORE, "from proto import book\nfrom shared import market\nfrom services.gateway.config import Config"),
        ("services.gateway.service", "import asyncio\nfrom shared.runtime import bus\nfrom shared.kalshi import wire"),
        ("services.gateway.__main__", "from services.gateway.service import serve"),
        ("services.cli.service.up", "import os\nfrom services.cli.service.errors import NotReady"),
        ("services.relay.http", "from fastapi import FastAPI\nfrom shared.runtime.health import Health"),
        ("shared.runtime.bus", "import nats.errors\nfrom shared.market.clock import Now"),
        ("proto.__main__", "import sys"),
    ],
)
def test_allowed_import_passes(module: str, source: str) -> None:
    """The rule does not forbid what the services need."""
    assert violations(module, source) == []
