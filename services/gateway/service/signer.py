"""The key to the exchange, as the settings name it."""

from urllib.parse import urlsplit

from services.gateway.config import Config
from shared.kalshi import credentials
from shared.kalshi.errors import BadKey
from shared.kalshi.signing import Signer
from shared.runtime.errors import SettingsError


def signer(config: Config) -> Signer:
    """Return what signs the handshakes; raises SettingsError."""
    _require_address("KALSHI_WS_URL", config.ws_url, "wss", "ws")
    if config.gateway_private:
        _require_address("KALSHI_REST_URL", config.rest_url, "https", "http")
    try:
        return credentials.signer(config.kalshi_env, config.kalshi_key_id, config.kalshi_private_key_path)
    except BadKey as error:
        raise SettingsError([str(error)]) from error


def _require_address(name: str, url: str, *schemes: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise SettingsError([f"{name}={url!r} is no address: {error}."]) from error
    if not usable:
        begin = " or ".join(f"{scheme}://" for scheme in schemes)
        raise SettingsError([f"{name}={url!r} is no address: it should begin with {begin}."])
