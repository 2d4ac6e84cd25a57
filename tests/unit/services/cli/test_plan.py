"""What `up` would start."""

import pytest

from services.cli.config import Config
from services.cli.plan import BUS, Exchange, Machine, Process, bus_place, exchange, nothing_chosen, problems, processes

MACHINE = Machine(python="/venv/python", nats_server="/venv/nats-server", nats_configuration="nats.conf", folder="/run")
KEYS = Config(kalshi_key_id="id", kalshi_private_key_path="key.pem")


def _plan(config: Config, chosen: Exchange = "sim", environ: dict[str, str] | None = None) -> dict[str, Process]:
    return {process.name: process for process in processes(config, environ or {}, chosen, MACHINE)}


def test_order_of_start() -> None:
    """The bus comes first, then the exchange, then its owner, then those that listen."""
    names = [BUS, "simulator", "catalog", "gateway", "book-builder", "ticker-publisher", "relay"]
    assert list(_plan(Config())) == names


def test_who_waits_for_whom() -> None:
    """Catalog and gateway start when bus and simulator are ready; the others start with it and are judged after it."""
    plan = _plan(Config())
    assert plan[BUS].after == plan["simulator"].after == ()
    assert plan["catalog"].after == plan["gateway"].after == (BUS, "simulator")
    for name in ("book-builder", "ticker-publisher", "relay"):
        assert plan[name].after == (BUS,)
        assert plan[name].fed_by == ("gateway",)


def test_default_places() -> None:
    """Without settings everything listens on loopback at its documented port."""
    urls = {name: process.url for name, process in _plan(Config()).items()}
    assert urls == {
        BUS: "nats://127.0.0.1:4222",
        "simulator": "http://127.0.0.1:8090",
        "catalog": "http://127.0.0.1:9102",
        "gateway": "http://127.0.0.1:9101",
        "book-builder": "http://127.0.0.1:9103",
        "ticker-publisher": "http://127.0.0.1:9104",
        "relay": "http://127.0.0.1:8080",
    }


def test_http_port_is_a_base() -> None:
    """HTTP_PORT moves all services that have only health to show, each to a port of its own that it is told."""
    plan = _plan(Config(http_port=19000))
    told = {
        name: plan[name].environ["HTTP_PORT"] for name in ("gateway", "catalog", "book-builder", "ticker-publisher")
    }
    assert told == {"gateway": "19000", "catalog": "19001", "book-builder": "19002", "ticker-publisher": "19003"}
    assert plan["ticker-publisher"].place == ("127.0.0.1", 19003, "HTTP_PORT")


def test_settings_move_programs() -> None:
    """Each place names the setting that moves it."""
    plan = _plan(Config(nats_url="nats://localhost:5222", sim_port=1, relay_port=2, relay_host="::1"))
    assert plan[BUS].place == ("localhost", 5222, "NATS_URL")
    assert plan["simulator"].place == ("127.0.0.1", 1, "SIM_PORT")
    assert plan["relay"].place == ("::1", 2, "RELAY_PORT")
    assert plan["relay"].url == "http://[::1]:2"


def test_everywhere_is_reached_on_loopback() -> None:
    """A program that listens on every interface is asked on loopback."""
    plan = _plan(Config(relay_host="0.0.0.0"))  # noqa: S104 - what an operator may set
    assert plan["relay"].place.host == "0.0.0.0"  # noqa: S104 - the same
    assert plan["relay"].url == "http://127.0.0.1:8080"


def test_command_lines() -> None:
    """nats-server is told where to listen and to keep its files; services are started as modules."""
    plan = _plan(Config())
    assert plan[BUS].argv == (
        *("/venv/nats-server", "-c", "nats.conf", "-a", "127.0.0.1", "-p", "4222"),
        *("-sd", "/run", "-l", "/run/nats-server.log"),
    )
    assert plan["book-builder"].argv == ("/venv/python", "-m", "services.book_builder")


def test_environment_is_inherited() -> None:
    """Programs see what we see, and which exchange was chosen."""
    plan = _plan(KEYS, "demo", {"PATH": "/bin", "KALSHI_ENV": "prod"})
    assert plan["gateway"].environ == {"PATH": "/bin", "KALSHI_ENV": "demo", "HTTP_PORT": "9101"}


@pytest.mark.parametrize("chosen", ["demo", "prod"])
def test_real_exchange_has_no_simulator(chosen: Exchange) -> None:
    """With a real exchange nothing stands in for it."""
    plan = _plan(KEYS, chosen)
    assert "simulator" not in plan
    assert plan["gateway"].after == (BUS,)


def test_address_of_the_exchange_replaces_the_simulator() -> None:
    """With KALSHI_WS_URL the exchange is there already."""
    config = Config(kalshi_ws_url="ws://127.0.0.1:1/trade-api/ws/v2")
    assert "simulator" not in _plan(config)


def test_bus_elsewhere_is_not_started() -> None:
    """A nats-server on another machine is used, not started."""
    plan = _plan(Config(nats_url="nats://bus.example:4222"))
    assert BUS not in plan
    assert plan["relay"].after == ()


@pytest.mark.parametrize(
    ("config", "asked", "chosen"),
    [
        (Config(), None, "sim"),
        (Config(), "demo", "demo"),
        (KEYS, None, "prod"),
        (KEYS, "sim", "sim"),
        (Config(kalshi_env="demo"), None, "demo"),
        (Config(kalshi_env="demo"), "prod", "prod"),
        (Config(kalshi_key_id="id"), None, "sim"),
    ],
)
def test_which_exchange_is_meant(config: Config, asked: Exchange | None, chosen: Exchange) -> None:
    """What was asked for counts most, then KALSHI_ENV, then whether there is a whole key."""
    assert exchange(config, asked) == chosen


def test_real_exchange_needs_a_key() -> None:
    """Without a key a real exchange is refused in a sentence that names what is missing."""
    (problem,) = problems(Config(kalshi_key_id="id"), "prod")
    assert "KALSHI_KEY_ID" in problem
    assert "KALSHI_PRIVATE_KEY_PATH" in problem
    assert problems(KEYS, "prod") == []
    assert problems(Config(), "sim") == []


@pytest.mark.parametrize("url", ["nats://", "nats://bus:port", "nats://[::1", ":4222"])
def test_bad_bus_address_is_a_problem(url: str) -> None:
    """An address without host or with an impossible port is named before anything starts."""
    (problem,) = problems(Config(nats_url=url), "sim")
    assert problem.startswith(f"NATS_URL={url!r} is no address")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("nats://127.0.0.1:4222", ("127.0.0.1", 4222, "NATS_URL")),
        ("localhost:4333", ("localhost", 4333, "NATS_URL")),
        ("nats://localhost", ("localhost", 4222, "NATS_URL")),
        ("nats://user:secret@127.0.0.1:1,nats://other:2", ("127.0.0.1", 1, "NATS_URL")),
    ],
)
def test_bus_address_is_read(url: str, place: tuple[str, int, str]) -> None:
    """The first server counts; scheme and port may be left out."""
    assert bus_place(Config(nats_url=url)) == place


@pytest.mark.parametrize(
    ("config", "chosen", "nothing"),
    [
        (Config(), "sim", False),
        (KEYS, "prod", True),
        (Config(market_tickers=("A-1",)), "prod", False),
        (Config(series_tickers=("KXA*",)), "demo", False),
    ],
)
def test_when_nothing_is_chosen(config: Config, chosen: Exchange, nothing: bool) -> None:
    """All markets of the simulator are followed unless some are named; never all of a real exchange."""
    assert nothing_chosen(config, chosen) == nothing
