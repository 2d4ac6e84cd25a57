"""The REST client with a real simulator: signed, paced, and told apart what went wrong."""

import time
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from shared.kalshi.signing import SIMULATOR_KEY_ID, Signer, simulator_key
from shared.runtime.errors import SettingsError
from shared.runtime.rest import NoAnswer, Rest, reaching
from tests.stack import Stack, free_port, stack

SIGNER = Signer(SIMULATOR_KEY_ID, simulator_key())


@pytest.fixture
async def exchange() -> AsyncIterator[Stack]:
    """A simulator."""
    async with stack(SIM_MARKETS="5", SIM_ROUND="0") as services:
        await services.start("simulator")
        yield services


def _url(services: Stack) -> str:
    return f"{services.sim_url}/trade-api/v2"


async def test_requests_are_signed_without_their_query(exchange: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that must be signed is served, past any proxy that the environment names."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with reaching(_url(exchange), SIGNER.headers, per_second=50, setting="X") as rest:
        body = await rest.get("/markets/orderbooks", [("tickers", (await exchange.tickers())[0])])
    assert len(msgspec.json.decode(body)["orderbooks"]) == 1


async def test_its_turn_is_waited_for(exchange: Stack) -> None:
    """Beyond a second's worth of requests each waits for its turn, so that the limit of the account is kept."""
    async with reaching(_url(exchange), SIGNER.headers, per_second=10, setting="X") as rest:
        begun = time.monotonic()
        for _ in range(15):
            await rest.get("/account/limits")
        assert time.monotonic() - begun >= 0.45


async def test_refusals_are_told_apart(exchange: Stack) -> None:
    """A key that is not known, a parameter that is wrong, and too many requests."""
    stranger = Signer("stranger", simulator_key())
    async with reaching(_url(exchange), stranger.headers, per_second=50, setting="X") as rest:
        assert await _why(rest) == "unauthorised"
    async with reaching(_url(exchange), SIGNER.headers, per_second=1000, setting="X") as rest:
        assert await _why(rest, ("limit", "1001")) == "refused"
        assert {await _why(rest) for _ in range(100)} == {"", "too_many"}


async def test_absences_are_told_apart(exchange: Stack) -> None:
    """An exchange that is closed, and nobody there at all."""
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.post(f"{exchange.sim_url}/sim/faults", json={"fault": "pause", "outage": True})
    async with reaching(_url(exchange), SIGNER.headers, per_second=50, setting="X") as rest:
        assert await _why(rest) == "unavailable"
    nobody = f"http://127.0.0.1:{free_port()}/trade-api/v2"
    async with reaching(nobody, SIGNER.headers, per_second=50, setting="X") as rest:
        assert await _why(rest) == "unreachable"


@pytest.mark.parametrize("url", ["", "ftp://there", "http://", "http://there:port", "http://[::1"])
async def test_what_is_no_address(url: str) -> None:
    """An address that is none is named with its setting."""
    with pytest.raises(SettingsError, match="KALSHI_REST_URL"):
        async with reaching(url, SIGNER.headers, per_second=1, setting="KALSHI_REST_URL"):
            pass


async def _why(rest: Rest, *params: tuple[str, str]) -> str:
    try:
        await rest.get("/markets", params)
    except NoAnswer as error:
        return error.why
    return ""
