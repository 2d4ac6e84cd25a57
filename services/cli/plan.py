"""What `up` starts, in which order, where each program listens and which setting moves it."""

from collections.abc import Mapping
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from services.cli.config import Config

Exchange = Literal["sim", "demo", "prod"]

BUS = "nats-server"
#: HTTP_PORT is the gateway's; the others follow it as their defaults do.
CATALOG_OFFSET = 1
BOOK_BUILDER_OFFSET = 2
TICKER_PUBLISHER_OFFSET = 3
_NAMES: dict[Exchange, str] = {"sim": "the simulator", "demo": "Kalshi's demo", "prod": "Kalshi"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
#: Listening addresses that mean every interface, and where we reach them.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on


class Machine(NamedTuple):
    """Where the programs are, how nats-server is configured, and a folder for what it keeps."""

    python: str
    nats_server: str
    nats_configuration: str
    folder: str


class Place(NamedTuple):
    """Where a program listens, and the setting that moves it."""

    host: str
    port: int
    setting: str

    @property
    def authority(self) -> str:
        """Host and port as an address spells them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reached(self) -> "Place":
        """The same place as we reach it."""
        return self._replace(host=_EVERYWHERE.get(self.host, self.host))


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A program: those in `after` must be ready before it starts, those in `fed_by` before it is blamed for not being.

    A `log` is the file where it explains itself, if it does not do so in the terminal.
    """

    name: str
    does: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    place: Place
    log: str = ""
    after: tuple[str, ...] = ()
    fed_by: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"{'nats' if self.name == BUS else 'http'}://{self.place.reached.authority}"


def exchange(config: Config, asked: Exchange | None) -> Exchange:
    """Return which exchange is meant: as asked, as KALSHI_ENV says, else the real one if there is a key for it."""
    return asked or config.kalshi_env or ("prod" if _has_key(config) else "sim")


def problems(config: Config, chosen: Exchange) -> list[str]:
    """Return a sentence for each setting with which nothing could be started."""
    found = []
    if chosen != "sim" and not _has_key(config):
        found.append(
            f"The {chosen} exchange needs KALSHI_KEY_ID and KALSHI_PRIVATE_KEY_PATH: set both,"
            " or use `./run up sim`, which needs no key."
        )
    try:
        bus_place(config)
    except ValueError:
        found.append(f"NATS_URL={config.nats_url!r} is no address: it should look like nats://127.0.0.1:4222.")
    return found


def processes(config: Config, environ: Mapping[str, str], chosen: Exchange, machine: Machine) -> list[Process]:
    """Return the programs in the order of their start.

    Args:
        config: usable settings, see `problems`.
        environ: what every program inherits.
        chosen: which exchange the gateway connects to.
        machine: where the programs are.
    """

    def service(name: str, does: str, place: Place, *, after: list[Process], fed_by: tuple[str, ...] = ()) -> Process:
        return Process(
            name=name,
            does=does,
            argv=(machine.python, "-m", f"services.{name.replace('-', '_')}"),
            environ={**environ, "KALSHI_ENV": chosen, "HTTP_PORT": str(place.port)},
            place=place,
            after=tuple(process.name for process in after),
            fed_by=fed_by,
        )

    bus = [_nats_server(config, environ, machine)] if _bus_is_ours(config) else []
    simulated = chosen == "sim" and not config.kalshi_ws_url
    simulator = [service("simulator", "stands in for the exchange", _simulator(config), after=[])]
    followers = (
        ("book-builder", "holds the books", _http(config, BOOK_BUILDER_OFFSET)),
        ("ticker-publisher", "one summary per market and second", _http(config, TICKER_PUBLISHER_OFFSET)),
        ("relay", "the page, WebSockets and HTTP", Place(config.relay_host, config.relay_port, "RELAY_PORT")),
    )
    exchange_side = simulator if simulated else []
    return [
        *bus,
        *exchange_side,
        service("catalog", "which markets there are", _http(config, CATALOG_OFFSET), after=[*bus, *exchange_side]),
        service("gateway", f"owns the session with {_NAMES[chosen]}", _http(config, 0), after=[*bus, *exchange_side]),
        *(service(name, does, place, after=bus, fed_by=("gateway",)) for name, does, place in followers),
    ]


def nothing_chosen(config: Config, chosen: Exchange) -> bool:
    """Whether no market is followed until somebody leases one: all of a real exchange would be too many."""
    return chosen != "sim" and not config.market_tickers and not config.series_tickers


def bus_place(config: Config) -> Place:
    """Return where NATS_URL points; raises ValueError."""
    address = urlsplit(_first_url(config))
    if not address.hostname:
        raise ValueError("no host")
    return Place(address.hostname, address.port or 4222, "NATS_URL")


def _first_url(config: Config) -> str:
    url = config.nats_url.partition(",")[0]
    return url if "://" in url else f"nats://{url}"


def _bus_is_ours(config: Config) -> bool:
    return _first_url(config).startswith("nats://") and bus_place(config).host in _LOOPBACK


def _nats_server(config: Config, environ: Mapping[str, str], machine: Machine) -> Process:
    place = bus_place(config)
    log = f"{machine.folder}/nats-server.log"
    options = ("-c", machine.nats_configuration, "-a", place.host, "-p", str(place.port))
    return Process(
        name=BUS,
        does="the bus",
        argv=(machine.nats_server, *options, "-sd", machine.folder, "-l", log),
        environ=environ,
        place=place,
        log=log,
    )


def _simulator(config: Config) -> Place:
    return Place(config.sim_host, config.sim_port, "SIM_PORT")


def _http(config: Config, offset: int) -> Place:
    return Place(config.http_host, config.http_port + offset, "HTTP_PORT")


def _has_key(config: Config) -> bool:
    return bool(config.kalshi_key_id and config.kalshi_private_key_path)
