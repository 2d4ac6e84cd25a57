"""`python -m services.cli COMMAND`: what the operator types after `./run`."""

import os
import sys
from functools import partial
from typing import Literal

from cyclopts import App

from services.cli.config import Config
from services.cli.service import up as starting
from services.cli.service import watch as watching
from shared.kalshi.signing import private_pem, simulator_key
from shared.runtime.run import run

app = App(name="./run", help="The operator's commands; `./run` alone lists all others.", version_flags=[])


@app.command
def up(exchange: Literal["sim", "demo", "prod"] | None = None, /) -> None:
    """Run everything on this machine until Ctrl-C.

    Args:
        exchange: the simulator or a real exchange; without it KALSHI_ENV decides, then whether there is a key.
    """
    _be_quiet()
    run(partial(starting.serve, exchange), Config, name="up")


@app.command
def watch(ticker: str, /) -> None:
    """Show a market's live book.

    Args:
        ticker: the market, exactly as Kalshi spells it.
    """
    _be_quiet()
    run(partial(watching.serve, ticker), Config, name="watch")


@app.command
def key() -> None:
    """Print the simulator's private key, which is no secret."""
    sys.stdout.write(private_pem(simulator_key()).decode())


def _be_quiet() -> None:
    # Here, and so in what `up` starts, the log is an answer to a question: trouble alone is told unasked.
    os.environ["LOG_LEVEL"] = os.environ.get("LOG_LEVEL") or "warning"


if __name__ == "__main__":
    app()
