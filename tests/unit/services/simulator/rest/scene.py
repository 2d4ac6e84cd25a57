"""A small world with everything that REST can show, and a client that asks without sockets."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec

from proto.units import SECOND, Side
from services.simulator.core import Exchange
from services.simulator.errors import BadFault, BadPrivate
from services.simulator.http.application import API, Controls, application
from services.simulator.rest.limits import Tier
from services.simulator.session.session import Session
from services.simulator.world.listing import Event, Leg, Listing, Series, market_id
from services.simulator.world.market import Market, Phase
from services.simulator.world.ticks import STRUCTURES
from services.simulator.world.world import World
from shared.kalshi.signing import SIMULATOR_KEY_ID, Refusal, Signer, Verifier, public_key, simulator_key
from shared.market.clock import Now

#: A Friday, noon in New York.
START = Now(at=100.0, ts=1_800_032_400_000_000)
HOUR = 3600 * SECOND
TWO_SIDED = "KXGAME-26-ACTIVE"


def world() -> World:
    """Return a world with a market of each phase and each structure, one-sided and empty books, and combos."""
    made = World()
    made.series = {
        "KXGAME": Series(ticker="KXGAME", title="Game", category="Sports", tags=("Soccer", "Tennis")),
        "KXUP": Series(ticker="KXUP", title="Up", category="Crypto"),
        "KXMVE": Series(ticker="KXMVE", title="Combo", category="Sports"),
    }
    for phase in Phase:
        _add(made, f"KXGAME-26-{phase.upper()}", phase)
    for index, label in enumerate(STRUCTURES):
        _add(made, f"KXUP-{index}-T69499.99", price_level_structure=label, floor_strike=69_499.99)
    for sides in ("YES", "NO", "NONE"):
        _add(made, f"KXSIDE-26-{sides}")
    for index in range(3):
        legs = (Leg(event_ticker="KXGAME-26", market_ticker=TWO_SIDED, side="yes"),)
        _add(made, f"KXMVE-{index}-C", mve_collection_ticker="KXMVE-R", mve_selected_legs=legs, exchange_index=1)
    _fill(made)
    return made


def _add(made: World, ticker: str, phase: Phase = Phase.ACTIVE, **facts: Any) -> Market:
    created_ts = START.ts - 1000 * HOUR + len(made.markets) * SECOND
    event_ticker = ticker.rpartition("-")[0]
    series_ticker = ticker.partition("-")[0]
    listing = Listing(
        ticker=ticker,
        market_id=market_id(ticker),
        event_ticker=event_ticker,
        series_ticker=series_ticker,
        title=f"Title of {ticker}",
        created_ts=created_ts,
        open_ts=created_ts + HOUR,
        close_ts=created_ts + 24 * HOUR,
        expected_expiration_ts=created_ts + 25 * HOUR,
        latest_expiration_ts=created_ts + 26 * HOUR,
        strike_type="structured",
        **facts,
    )
    market = Market(listing)
    market.phase = phase
    if phase in {Phase.DETERMINED, Phase.FINALIZED}:
        market.result, market.settlement_value = "yes", 10_000
        market.determined_ts = created_ts + 25 * HOUR
    if phase is Phase.FINALIZED:
        market.settled_ts = created_ts + 26 * HOUR
    made.add(market)
    made.events[event_ticker] = Event(
        ticker=event_ticker, series_ticker=series_ticker, title="Event", sub_title="", strike_ts=created_ts
    )
    return market


def _fill(made: World) -> None:
    for market in made.markets.values():
        prices = market.ticks.prices
        sides = market.ticker.rpartition("-")[2]
        yes = () if sides in {"NO", "NONE"} or market.is_combo else ((prices[3], 700), (prices[1], 5))
        no = () if sides in {"YES", "NONE"} or market.is_combo else ((prices[2], 1_234_567), (prices[0], 100))
        market.book.load(yes, no)


def numbers() -> Callable[[], float]:
    """Return numbers in [0, 1), the same in every run."""
    drawn = 0

    def draw() -> float:
        nonlocal drawn
        drawn += 1
        return drawn * 0.618_033_988_749_895 % 1

    return draw


class Desk:
    """The REST side of an exchange, a clock that can be moved, and a key that it trusts."""

    def __init__(self, *, tier: Tier = "prestige") -> None:
        self.world = world()
        self.exchange = Exchange(self.world, numbers())
        self.now = START
        self.called: list[tuple[str, bytes]] = []
        self._signer = Signer(SIMULATOR_KEY_ID, simulator_key())
        self._verifier = Verifier({SIMULATOR_KEY_ID: public_key(simulator_key())})
        self.app = application(self.exchange, self._check, self._controls(), now=lambda: self.now, tier=tier)

    async def get(self, path: str, *, signed: bool = False, **params: Any) -> httpx.Response:
        """Ask the exchange's API."""
        return await self.ask("GET", API + path, headers=self.signed("GET", API + path) if signed else {}, **params)

    async def json(self, path: str, *, signed: bool = False, **params: Any) -> dict[str, Any]:
        """Ask the exchange's API for what it has to have."""
        response = await self.get(path, signed=signed, **params)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"", **params: Any
    ) -> httpx.Response:
        """Ask for any path."""
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
            return await client.request(method, path, params=params, headers=headers, content=body)

    def signed(self, method: str, path: str) -> dict[str, str]:
        """Return the headers of a signed request."""
        return self._signer.headers(method, path, self.now.ts // 1000)

    def pass_time(self, seconds: float) -> None:
        """Move the clock."""
        self.now = Now(self.now.at + seconds, self.now.ts + round(seconds * SECOND))

    def say(self, session: Session, cmd: str, **params: Any) -> None:
        """Let a client of the WebSocket say a command."""
        text = msgspec.json.encode({"id": 1, "cmd": cmd, "params": params})
        self.exchange.receive(session, text.decode(), self.now)

    def change(self, ticker: str, side: Side, price: int, delta: int) -> None:
        """Change a level of a book."""
        self.exchange.floor.change(self.world.markets[ticker], [(side, price, delta)], self.now.ts)

    def _check(self, headers: Mapping[str, str], method: str, path: str) -> Refusal | None:
        return self._verifier.check(headers, method, path, self.now.ts // 1000)

    def _controls(self) -> Controls:
        return Controls(
            replays=list,
            private=lambda body: self._call("private", body),
            faults=lambda: self._call("faults", b""),
            add_fault=lambda body: self._call("add_fault", body),
            clear_faults=lambda: self._call("clear_faults", b""),
            lifecycle=lambda body: self._call("lifecycle", body),
        )

    def _call(self, name: str, body: bytes) -> object:
        if body == b"bad":
            raise BadPrivate("no such key") if name == "private" else BadFault("no such fault")
        self.called.append((name, body))
        return {"done": name}
