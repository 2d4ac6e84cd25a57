"""The life of a service process: settings, log, event loop, signals, exit code."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import NoReturn, TypeVar

import msgspec
import uvloop

from shared.runtime.errors import FanoutError, SettingsError
from shared.runtime.log import Log, configure
from shared.runtime.settings import Runtime, load

EXIT_FAILED = 1
EXIT_SETTINGS = 2

Config = TypeVar("Config", bound=msgspec.Struct)
Serve = Callable[[Config, Runtime, Log], Awaitable[None]]


def run(serve: Serve[Config], config_type: type[Config], *, name: str = "") -> NoReturn:
    """Run a service until SIGTERM or SIGINT and exit: 0, 1 for an error that the operator can mend, 2 for settings."""
    name = name or config_type.__module__.split(".")[1]
    try:
        config, runtime = load(config_type, os.environ)
    except SettingsError as error:
        sys.exit(_explain(name, error, EXIT_SETTINGS))
    log = configure(name, runtime)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_supervise(serve, name, config, runtime, log)))


async def _supervise(serve: Serve[Config], name: str, config: Config, runtime: Runtime, log: Log) -> int:
    task = asyncio.ensure_future(serve(config, runtime, log))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        log.info("stopped")
        return 0
    except Exception as error:
        first, *others = _leaves(error)
        if not all(isinstance(leaf, FanoutError) for leaf in (first, *others)):
            log.exception("failed")
            raise
        return _explain(name, first, EXIT_SETTINGS if isinstance(first, SettingsError) else EXIT_FAILED)
    return 0


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _explain(name: str, error: BaseException, code: int) -> int:
    sys.stderr.write(f"{name}: {error}\n")
    return code
