"""The key that signs for the gateway, from its settings."""

from pathlib import Path
from urllib.parse import urlsplit

from services.gateway.config import Config
from shared.kalshi.errors import BadKey
from shared.kalshi.signing import SIMULATOR_KEY_ID, Signer, load_private_key, simulator_key
from shared.runtime.errors import SettingsError


def signer_of(config: Config) -> Signer:
    """Return what signs; raises SettingsError that says which of the settings is wrong."""
    try:
        parts = urlsplit(config.ws_url)
        usable = parts.scheme in {"ws", "wss"} and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise SettingsError([f"KALSHI_WS_URL={config.ws_url!r} is no address: {error}."]) from error
    if not usable:
        raise SettingsError([f"KALSHI_WS_URL={config.ws_url!r} is no address: it should begin with wss:// or ws://."])
    path, key_id = config.kalshi_private_key_path, config.kalshi_key_id
    if not path and not key_id and config.kalshi_env == "sim":
        return Signer(SIMULATOR_KEY_ID, simulator_key())
    if not path or not key_id:
        raise SettingsError(
            [f"KALSHI_ENV={config.kalshi_env} needs both KALSHI_KEY_ID and KALSHI_PRIVATE_KEY_PATH: set them."]
        )
    try:
        return Signer(key_id, load_private_key(Path(path).read_bytes()))
    except OSError as error:
        problem = (
            f"KALSHI_PRIVATE_KEY_PATH={path!r} can not be read ({error.strerror}): give the path of your key file."
        )
        raise SettingsError([problem]) from error
    except BadKey as error:
        raise SettingsError([f"KALSHI_PRIVATE_KEY_PATH={path!r} can not be used: {error}."]) from error
