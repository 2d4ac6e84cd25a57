"""A book as a ladder for the terminal, and as one line for a file."""

from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from proto.units import DOLLAR, SECOND
from shared.kalshi.numbers import format_count, format_dollars
from shared.market.replica import Replica

NOTHING = "-"


def ladder(replica: Replica, now_ts: int, depth: int) -> RenderableType:
    """Return both sides on the yes scale: asks above, bids below, the best of each in the middle."""
    table = Table(box=None, pad_edge=False)
    table.add_column("bid", justify="right", style="green", min_width=12)
    table.add_column("yes price", justify="center")
    table.add_column("ask", justify="right", style="red", min_width=12)
    for price, quantity in reversed(replica.book.ladder("no", depth)):
        table.add_row("", format_dollars(DOLLAR - price), format_count(quantity))
    table.add_row("", Text(_spread(replica), style="dim"), "")
    for price, quantity in replica.book.ladder("yes", depth):
        table.add_row(format_count(quantity), format_dollars(price), "")
    return Group(_header(replica, now_ts), table)


def line(replica: Replica) -> str:
    """Return the time of the last message, status, number and the best of both sides."""
    moment = datetime.fromtimestamp(replica.received_ts / SECOND, UTC).strftime("%H:%M:%S.%f")
    bids, asks = replica.book.ladder("yes", 1), replica.book.ladder("no", 1)
    bid = f"{format_dollars(bids[0][0])} x {format_count(bids[0][1])}" if bids else NOTHING
    ask = f"{format_dollars(DOLLAR - asks[0][0])} x {format_count(asks[0][1])}" if asks else NOTHING
    return f"{moment} {_status(replica)} {replica.epoch}/{replica.seq}  bid {bid}  ask {ask}  spread {_spread(replica)}"


def _header(replica: Replica, now_ts: int) -> Text:
    age_s = max(0, now_ts - replica.received_ts) / SECOND if replica.epoch else 0.0
    return Text.assemble(
        (f"{replica.ticker}\n", "bold"),
        (_status(replica), "bold green" if replica.reason is None else "bold red"),
        f"  {replica.epoch}/{replica.seq}  {age_s:.1f} s ago  spread {_spread(replica)}\n",
    )


def _status(replica: Replica) -> str:
    return "live" if replica.reason is None else f"STALE ({replica.reason})"


def _spread(replica: Replica) -> str:
    bids, asks = replica.book.ladder("yes", 1), replica.book.ladder("no", 1)
    return format_dollars(DOLLAR - asks[0][0] - bids[0][0]) if bids and asks else NOTHING
