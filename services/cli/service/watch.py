"""Follows one market and draws its book, or writes a line for each change where nobody looks on."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.live import Live

from proto.reading import UNREADABLE
from proto.requests import BookImage
from proto.system import Heartbeat
from services.cli.config import Config
from services.cli.hints import unheard
from services.cli.ladder import ladder, line
from services.cli.service.errors import NotHeard
from shared.market.replica import Replica
from shared.runtime.bus import Bus, connect
from shared.runtime.clock import now
from shared.runtime.errors import NobodyAnswers
from shared.runtime.follow import Books, ask_book_builder, ask_gateway, follow
from shared.runtime.log import Log
from shared.runtime.settings import Runtime

WAIT_S = 3.0
DRAW_S = 0.1
#: Lines of the terminal that are not levels: ticker, status, blank, headings, spread.
FRAME_LINES = 6
MOST_LEVELS = 12

_heartbeats = msgspec.json.Decoder(Heartbeat)


async def serve(ticker: str, _: Config, runtime: Runtime, __: Log) -> None:
    """Show the book until cancelled; raises BusUnreachable, and NotHeard if nobody speaks of the market."""
    heard: set[str] = set()

    def hear(_: str, payload: bytes) -> None:
        with contextlib.suppress(*UNREADABLE):
            heard.update(_heartbeats.decode(payload).heads)

    async with connect(runtime.nats_url, prefix=runtime.bus_prefix, creds=runtime.nats_creds, name="watch") as bus:
        await bus.subscribe(bus.subjects.all("sys.gateway"), hear)
        async with follow(bus, tickers=[ticker], ask=_ask) as books, asyncio.TaskGroup() as group:
            doubt = group.create_task(_doubt(ticker, heard), name="doubt")
            await _draw(books[ticker]) if sys.stdout.isatty() else await _list(books)
            doubt.cancel()


async def _ask(bus: Bus, tickers: Sequence[str]) -> Sequence[BookImage]:
    try:
        return await ask_book_builder(bus, tickers)
    except NobodyAnswers:
        return await ask_gateway(bus, tickers)


async def _doubt(ticker: str, heard: set[str]) -> None:
    await asyncio.sleep(WAIT_S)
    if ticker not in heard:
        raise NotHeard(ticker, unheard(ticker, heard, WAIT_S))


async def _draw(replica: Replica) -> None:
    console = Console()
    with Live(console=console, auto_refresh=False) as live:
        while True:
            depth = max(1, min(MOST_LEVELS, (console.height - FRAME_LINES) // 2))
            live.update(ladder(replica, now().ts, depth), refresh=True)
            await asyncio.sleep(DRAW_S)


async def _list(books: Books) -> None:
    try:
        async for replica in books:
            sys.stdout.write(line(replica) + "\n")
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our lines has left: the interpreter's last flush would fail as well.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
