"""The programs in the README do what it says, as they stand there."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.stack import ROOT, Stack, stack

PROGRAMS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest_asyncio.fixture
async def running() -> AsyncIterator[Stack]:
    """Everything, as `./run up` starts it."""
    async with stack() as services:
        await services.start_all()
        yield services


async def _lines(program: str, nats_url: str, count: int) -> list[str]:
    """Run a program until it has printed so many lines."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-u",
        "-c",
        program.replace("nats://127.0.0.1:4222", nats_url),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(15):
            return [(await process.stdout.readline()).decode() for _ in range(count)]
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize(
    ("program", "most_lines", "line"),
    [
        (PROGRAMS[0], 14, r"KXWCGAME-26JUL09FRAMAR-FRA live 0\.\d+ 0\.\d+\n"),
        (PROGRAMS[1], 9, r"KXWCGAME-\w+-\w+ live \(\(\d+, \d+\), .*\) \(\(\d+, \d+\), .*\)\n"),
    ],
)
async def test_programs_print_what_they_promise(running: Stack, program: str, most_lines: int, line: str) -> None:
    """The nats-py program prints summaries, the other one books, each in as few lines as promised."""
    assert len([text for text in program.splitlines() if text.strip()]) <= most_lines
    printed = await _lines(program, running.nats_url, 3)
    assert [text for text in printed if not re.fullmatch(line, text)] == []
