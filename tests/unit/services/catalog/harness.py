"""A catalog core on a bench, with an exchange that lists what a test says and a clock that a test moves."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from proto.catalog import ListedMarket
from proto.market import Lifecycle
from proto.subjects import Subjects, unescape
from proto.units import SECOND
from services.catalog.core import Catalog
from services.catalog.discovery import Ask
from services.catalog.universe import Universe
from shared.kalshi.rest import Listed
from shared.market.clock import Now

START = Now(at=500.0, ts=1_800_000_000_000_000)
HOUR = 3600 * SECOND


def market(ticker: str, **members: Any) -> ListedMarket:
    """Return an open market that closes in an hour, unless told otherwise."""
    given: dict[str, Any] = {
        "event_ticker": ticker.rpartition("-")[0],
        "series_ticker": ticker.partition("-")[0],
        "status": "active",
        "followed": False,
        "updated_ts": START.ts,
        "open_ts": START.ts - HOUR,
        "close_ts": START.ts + HOUR,
    }
    return ListedMarket(ticker=ticker, **(given | members))


def lifecycle(ticker: str, event_type: str, **members: Any) -> Lifecycle:
    """Return what the exchange says of a market."""
    return Lifecycle(ticker, event_type, "exchange", None, START.ts, **members)


class Bench:
    """Pages hold `page` markets each; `asked`, `bucket` and `said` are what came of it so far."""

    def __init__(self, *listed: ListedMarket, page: int = 1000, **wanted: Any) -> None:
        given: dict[str, Any] = {"tickers": (), "series": (), "statuses": ("open",), "everything": True}
        self.now = START
        self.core = Catalog(Universe(**(given | wanted)), Subjects())
        self.listed = {found.ticker: found for found in listed}
        self.asked: list[Ask] = []
        self.bucket: dict[str, ListedMarket] = {}
        self.written = 0
        self.said: list[Lifecycle] = []
        self.notes: list[str] = []
        self._page = page

    def run(self, seconds: float = 0.0, *, answers: bool = True) -> "Bench":
        """Pass time in tenths of a second and answer what is asked, or let every request fail."""
        end = self.now.at + seconds
        while True:
            self.core.tick(self.now)
            self._answer(answers)
            self._flush()
            if self.now.at >= end - 1e-6:
                return self
            self.now = Now(self.now.at + 0.1, self.now.ts + SECOND // 10)

    def hear(self, ticker: str, event_type: str, **members: Any) -> None:
        """Bring a message of the exchange."""
        self.core.heard(lifecycle(ticker, event_type, **members), self.now)
        self._flush()

    def restore(self, stored: Mapping[str, bytes]) -> None:
        """Bring what the bucket holds."""
        self.core.restored(stored, self.now)
        self._flush()

    @property
    def followed(self) -> set[str]:
        """What a reader of the bucket would follow."""
        return {ticker for ticker, found in self.bucket.items() if found.followed}

    @property
    def words(self) -> list[tuple[str, str]]:
        """What was said, briefly."""
        return [(message.ticker, message.event_type) for message in self.said]

    def count(self, name: str) -> int:
        """Return a counter."""
        return self.core.counts[name, ""]

    def _answer(self, answers: bool) -> None:
        for _ in range(200):
            asked = self.core.next_ask(self.now)
            if asked is None:
                return
            self.asked.append(asked)
            if not answers:
                return
            self.core.answered(asked, self._reply(dict(asked.params)), self.now)
        raise AssertionError("it asks without end")

    def _reply(self, params: dict[str, str]) -> Listed:
        fits = _filter(params)
        found = [shown for shown in self.listed.values() if fits(shown)]
        first = int(params.get("cursor") or 0)
        cursor = str(first + self._page) if first + self._page < len(found) else ""
        return Listed(tuple(found[first : first + self._page]), (), cursor)

    def _flush(self) -> None:
        out = self.core.out.take()
        self.written += len(out.writes)
        for key, value in out.writes.items():
            if value is None:
                self.bucket.pop(unescape(key), None)
            else:
                self.bucket[unescape(key)] = msgspec.json.decode(value, type=ListedMarket)
        self.said += [msgspec.json.decode(payload, type=Lifecycle) for _, payload in out.publications]
        self.notes += out.notes


_WORDS = {"open": {"active", "inactive"}, "unopened": {"initialized"}, "closed": {"closed", "determined"}}


def _filter(params: dict[str, str]) -> Callable[[ListedMarket], bool]:
    names = set(filter(None, params.get("tickers", "").split(",")))
    statuses = _WORDS.get(params.get("status", ""))
    series = params.get("series_ticker", "")

    def fits(shown: ListedMarket) -> bool:
        return (
            (not names or shown.ticker in names)
            and (statuses is None or shown.status in statuses)
            and series in {"", shown.series_ticker}
            and shown.updated_ts >= int(params.get("min_updated_ts", 0)) * SECOND
        )

    return fits
