"""A gateway that tells of its account, and the account as REST would list it."""

from collections.abc import Iterator
from typing import Any

import msgspec

from proto.private import Account, Fill, Order, Position
from proto.subjects import Subjects
from services.gateway.output import LineOutput, Output
from services.gateway.private import Private
from services.gateway.reading import Read
from shared.kalshi import wire
from shared.kalshi.commands import Subscribe
from shared.market.clock import Now
from shared.market.counts import Counts
from tests.unit.services.gateway.harness import START, frame, subscribed

Told = Account | Fill | Order | Position
_told: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)
PATHS = {"fills": "fills", "orders": "orders", "positions": "market_positions"}


class Listed:
    """What REST lists, a page at a time; newest first, as it is put."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in PATHS}
        self.page = 1000
        self.as_of = "2100-01-01T00:00:00Z"
        self.asked: list[Read] = []

    def reply(self, read: Read) -> bytes | None:
        """Answer a read."""
        self.asked.append(read)
        if read.path == "/exchange/user_data_timestamp":
            return msgspec.json.encode({"as_of_time": self.as_of})
        params = dict(read.params)
        _, _, name, *order_id = read.path.split("/")
        if order_id:
            found = [row for row in self.rows["orders"] if row["order_id"] == order_id[0]]
            return msgspec.json.encode({"order": found[0]}) if found else None
        rows = [row for row in self.rows[name] if "status" not in params or row["status"] == params["status"]]
        first = int(params.get("cursor", 0))
        cursor = str(first + self.page) if len(rows) > first + self.page else ""
        return msgspec.json.encode({PATHS[name]: rows[first : first + self.page], "cursor": cursor})


class Bench:
    """The private side of a gateway, with its clock and an account to read."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.now = START
        self.out = Output()
        self.counts = Counts()
        self.listed = Listed()
        self.private = Private(Subjects(), LineOutput(self.out, 0), self.counts, enabled=enabled)

    def open(self) -> list[Told]:
        """Connect and be acknowledged."""
        self.private.opened(self.now)
        for sid, command in enumerate(self.commands(), start=7):
            self.give(subscribed(command.params.channels[0], sid, command.id))
        self.private.tick(self.now)
        return self.told()

    def live(self) -> "Bench":
        """Connect and read what there is."""
        self.open()
        self.read()
        return self

    def close(self) -> list[Told]:
        """Lose the connection."""
        self.private.closed(self.now)
        return self.told()

    def give(self, encoded: bytes) -> bool:
        """Bring a frame of the exchange."""
        return self.private.takes(wire.decode(encoded), self.now)

    def hear(self, kind: str, **msg: Any) -> list[Told]:
        """Bring a message of the account."""
        assert self.give(frame(kind, 7, None, msg))
        return self.told()

    def read(self, steps: int = 1000) -> list[Told]:
        """Answer what is asked over REST, at most so many times."""
        for _, read in zip(range(steps), self.wanted(), strict=False):
            self.private.answered(read, self.listed.reply(read), self.now)
        return self.told()

    def wanted(self) -> Iterator[Read]:
        """Yield what is asked over REST."""
        while (read := self.private.wanted()) is not None:
            yield read

    def wait(self, seconds: float) -> list[Told]:
        """Pass time in tenths of a second."""
        for _ in range(round(seconds * 10)):
            self.now = Now(self.now.at + 0.1, self.now.ts + 100_000)
            self.private.tick(self.now)
        return self.told()

    def commands(self) -> list[Subscribe]:
        """Return what is asked of the exchange since the last time."""
        commands = [command for _, command in self.out.commands]
        self.out.commands = []
        assert all(isinstance(command, Subscribe) for command in commands)
        return [command for command in commands if isinstance(command, Subscribe)]

    def told(self) -> list[Told]:
        """Return what was said since the last time, each on its own subject."""
        publications, self.out.publications = self.out.publications, []
        told = []
        for subject, payload in publications:
            if ".private.quarantine." in subject:
                continue
            message = _told.decode(payload)
            assert subject == self._subject(message)
            told.append(message)
        return told

    def _subject(self, message: Told) -> str:
        if isinstance(message, Account):
            return "kalshi.v1.private.account"
        return Subjects().market(f"private.{type(message).__name__.lower()}", message.ticker)


def channels(commands: list[Subscribe]) -> list[str]:
    """Return the channels that are asked for, each without markets."""
    assert all(command.params.market_tickers is None for command in commands)
    return [channel for command in commands for channel in command.params.channels]


def order(name: str, status: str = "resting", **members: Any) -> dict[str, Any]:
    """Return an order as it is both said and listed."""
    money = ("taker_fill_cost_dollars", "maker_fill_cost_dollars", "taker_fees_dollars", "maker_fees_dollars")
    counts = {"fill_count_fp": "0.00", "remaining_count_fp": "10.00", "initial_count_fp": "10.00"}
    known = {"order_id": name, "ticker": "KXA-1", "status": status, "outcome_side": "yes", "yes_price_dollars": "0.4"}
    return known | counts | dict.fromkeys(money, "0.0000") | members


def fill(name: str, **members: Any) -> dict[str, Any]:
    """Return a fill as it is both said and listed."""
    known = {"trade_id": name, "order_id": "o", "ticker": "KXA-1", "market_ticker": "KXA-1", "is_taker": True}
    numbers = {"yes_price_dollars": "0.4000", "count_fp": "1.00", "fee_cost": "0.010000"}
    return known | numbers | {"outcome_side": "yes"} | members


def position(ticker: str, held: str) -> dict[str, Any]:
    """Return a position as it is both said and listed."""
    cost = "0.0000" if held == "0.00" else "0.4000"
    named = {"ticker": ticker, "market_ticker": ticker, "position_fp": held, "volume_fp": "1.00"}
    costs = {"position_cost_dollars": cost, "market_exposure_dollars": cost}
    return named | costs | {"realized_pnl_dollars": "0.1000", "fees_paid_dollars": "0.0100"}
