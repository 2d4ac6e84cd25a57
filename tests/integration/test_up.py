"""What the operator reads and gets back: one sentence for what is wrong, and everything stopped."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.plan import BUS
from tests.stack import ROOT, free_port, free_row

START_S = 30.0
STOP_S = 5.0
EXIT_FAILED = 1
EXIT_SETTINGS = 2
PROGRAMS = (BUS, "simulator", "catalog", "gateway", "book-builder", "ticker-publisher", "relay")


@pytest.fixture
def ports() -> Iterator[dict[str, str]]:
    """Settings that move everything to ports of its own; what nats-server kept is thrown away."""
    bus = free_port()
    yield {
        "NATS_URL": f"nats://127.0.0.1:{bus}",
        "SIM_PORT": str(free_port()),
        "RELAY_PORT": str(free_port()),
        "HTTP_PORT": str(free_row(4)),
    }
    shutil.rmtree(ROOT / ".run" / f"nats-{bus}", ignore_errors=True)


def _environ(settings: dict[str, str]) -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | settings


def _run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, env=_environ(settings), cwd=ROOT, timeout=START_S, capture_output=True, text=True, check=False
    )


class Up:
    """A running `up`, its output read line by line."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up"],
            env=_environ(settings),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def started(self) -> list[str]:
        """Return all lines up to the one with the page's address."""
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line.strip())
            if "The page is at" in line:
                return lines
        raise AssertionError(f"`up` ended: {lines} {self.process.communicate()[1]}")

    def children(self) -> dict[str, int]:
        """Return the pid of each program by its last argument."""
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").rpartition("\0")[2]: int(pid) for pid in pids}

    def ended(self) -> tuple[int, str, str]:
        """Return status, the rest of the output and what was said on standard error, once all has ended in time."""
        output, errors = self.process.communicate(timeout=STOP_S)
        return self.process.returncode, output, errors


@pytest.fixture
def up(ports: dict[str, str]) -> Iterator[Up]:
    """A started `up` that is killed if the test leaves it."""
    running = Up(ports)
    with running.process:
        yield running
        running.process.kill()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _all_free(ports: dict[str, str]) -> bool:
    base = int(ports["HTTP_PORT"])
    bus = int(ports["NATS_URL"].rpartition(":")[2])
    others = [int(ports["SIM_PORT"]), int(ports["RELAY_PORT"])]
    return all(_is_free(port) for port in (bus, *others, base, base + 1, base + 2, base + 3))


def test_taken_ports_are_all_named(ports: dict[str, str]) -> None:
    """Each taken port is a sentence that names the setting, and nothing is started."""
    relay, ticker_publisher = int(ports["RELAY_PORT"]), int(ports["HTTP_PORT"]) + 3
    with socket.create_server(("127.0.0.1", relay)), socket.create_server(("127.0.0.1", ticker_publisher)):
        ended = _run("services.cli", "up", **ports)
    assert ended.returncode == EXIT_FAILED
    assert ended.stdout == ""
    for setting, port in (("RELAY_PORT", relay), ("HTTP_PORT", ticker_publisher)):
        sentence = f"Port {port} on 127.0.0.1 is taken by another program: end it, or set {setting} to a free port."
        assert sentence in ended.stderr


def test_one_port_for_two_is_seen(ports: dict[str, str]) -> None:
    """Two programs that are to listen on the same port are found before anything starts."""
    ended = _run("services.cli", "up", **{**ports, "RELAY_PORT": ports["SIM_PORT"]})
    assert ended.returncode == EXIT_FAILED
    assert ended.stdout == ""
    assert f"Port {ports['SIM_PORT']} on 127.0.0.1 is taken" in ended.stderr


def test_wrong_settings_are_all_named(ports: dict[str, str]) -> None:
    """Every bad variable is in the one error, and nothing is started."""
    ended = _run("services.cli", "up", **{**ports, "RELAY_PORT": "x", "KALSHI_ENVIRONMENT": "sim", "LOG_LEVEL": "loud"})
    assert ended.returncode == EXIT_SETTINGS
    assert ended.stdout == ""
    for name in ("RELAY_PORT", "KALSHI_ENVIRONMENT", "LOG_LEVEL"):
        assert name in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("exchange", ["demo", "prod"])
def test_real_exchange_without_key_is_refused(exchange: str, ports: dict[str, str]) -> None:
    """A real exchange without a key ends in one sentence that names both settings."""
    ended = _run("services.cli", "up", exchange, **ports)
    assert ended.returncode == EXIT_SETTINGS
    assert ended.stdout == ""
    assert "KALSHI_KEY_ID and KALSHI_PRIVATE_KEY_PATH" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_failing_service_stops_all(ports: dict[str, str]) -> None:
    """A service that ends says why itself; `up` names it, stops the others and fails."""
    key = {"KALSHI_KEY_ID": "id", "KALSHI_PRIVATE_KEY_PATH": "/nonexistent.pem"}
    ended = _run("services.cli", "up", "demo", **ports, **key)
    assert ended.returncode == EXIT_FAILED
    for name in ("catalog", "gateway"):  # one of them is the first
        if f"up: {name} ended with status 2, so all were stopped." in ended.stderr:
            sentence = f"{name}: The settings are wrong. KALSHI_PRIVATE_KEY_PATH='/nonexistent.pem' can not be read"
            assert sentence in ended.stderr
            break
    else:
        raise AssertionError(ended.stderr)
    assert ended.stdout.splitlines()[-1] == "stopped"
    assert _all_free(ports)


def test_all_starts_and_ctrl_c_stops_it(up: Up, ports: dict[str, str]) -> None:
    """One line for each program, then the page's address; a SIGINT ends all of it well and in time."""
    lines = up.started()
    assert sorted(line.split()[0] for line in lines[:-1]) == sorted(PROGRAMS)
    assert f"http://127.0.0.1:{ports['RELAY_PORT']}" in lines[-1]
    up.process.send_signal(signal.SIGINT)
    assert up.ended() == (0, "stopped\n", "")
    assert _all_free(ports)


def test_terminals_ctrl_c_stops_all(up: Up, ports: dict[str, str]) -> None:
    """A SIGINT to the whole group, as a terminal sends it, ends all the same."""
    up.started()
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.ended() == (0, "stopped\n", "")
    assert _all_free(ports)


def test_killed_service_stops_all(up: Up, ports: dict[str, str]) -> None:
    """When a service is killed the others end as well, and `up` names the first."""
    up.started()
    os.kill(up.children()["services.ticker_publisher"], signal.SIGKILL)
    status, output, errors = up.ended()
    assert (status, output) == (EXIT_FAILED, "stopped\n")
    assert errors == "up: ticker-publisher was ended by signal 9, so all were stopped.\n"
    assert _all_free(ports)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="only the kernel of Linux, asked by setpriv, can do it")
def test_nothing_outlives_a_killed_up(up: Up, ports: dict[str, str]) -> None:
    """Even `kill -9` of `up` leaves no program behind."""
    up.started()
    up.process.kill()
    deadline = time.monotonic() + STOP_S
    while not _all_free(ports) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _all_free(ports)


def test_service_names_its_taken_port(ports: dict[str, str]) -> None:
    """A service alone says in one sentence which setting to change."""
    with socket.create_server(("127.0.0.1", int(ports["SIM_PORT"]))):
        ended = _run("services.simulator", **ports)
    assert ended.returncode == EXIT_FAILED
    assert ended.stderr == (
        f"simulator: Port {ports['SIM_PORT']} on 127.0.0.1 is taken by another program:"
        " end it, or set SIM_PORT to a free port.\n"
    )


def test_service_names_its_wrong_settings() -> None:
    """A service alone names its own bad variables and those of every service in one error."""
    ended = _run("services.ticker_publisher", TICKER_INTERVAL="often", LOG_LEVEL="loud", HTTP_PORTS="1")
    assert ended.returncode == EXIT_SETTINGS
    for name in ("TICKER_INTERVAL", "LOG_LEVEL", "HTTP_PORTS"):
        assert name in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_missing_key_file_is_named() -> None:
    """The gateway alone says that the key file can not be read."""
    ended = _run("services.gateway", KALSHI_ENV="demo", KALSHI_KEY_ID="id", KALSHI_PRIVATE_KEY_PATH="/nonexistent.pem")
    assert ended.returncode == EXIT_SETTINGS
    assert "KALSHI_PRIVATE_KEY_PATH='/nonexistent.pem' can not be read (No such file or directory)" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("program", [("services.book_builder",), ("services.cli", "watch", "KXA-1")])
def test_unreachable_bus_is_named(program: tuple[str, ...], ports: dict[str, str]) -> None:
    """Without nats-server a program ends with its address and what to do."""
    ended = _run(*program, **ports)
    assert ended.returncode == EXIT_FAILED
    assert f"No NATS server answers at {ports['NATS_URL']}" in ended.stderr
    assert "start one there, or set NATS_URL" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_watch_shows_a_book_or_says_what_there_is(up: Up, ports: dict[str, str]) -> None:
    """A known market is written line by line; for an unknown one those most like it are told."""
    up.started()
    ended = _run("services.cli", "watch", "KXWCGAME-26JUL09FRAMAR-FRB", **ports)
    assert ended.returncode == EXIT_FAILED
    assert "watch another, such as KXWCGAME-26JUL09FRAMAR-" in ended.stderr
    command = [sys.executable, "-m", "services.cli", "watch", "KXWCGAME-26JUL09FRAMAR-FRA"]
    with subprocess.Popen(command, env=_environ(ports), cwd=ROOT, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        line = watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
    assert " live " in line
    assert watch.returncode == 0
