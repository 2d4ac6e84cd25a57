"""The key that requests are signed with, from the settings."""

from pathlib import Path

from shared.kalshi.errors import BadKey
from shared.kalshi.signing import SIMULATOR_KEY_ID, Signer, load_private_key, simulator_key


def signer(environment: str, key_id: str, path: str) -> Signer:
    """Return what signs for an environment; the simulator needs no key. Raises BadKey, a sentence for the operator."""
    if not path and not key_id and environment == "sim":
        return Signer(SIMULATOR_KEY_ID, simulator_key())
    if not path or not key_id:
        raise BadKey(f"KALSHI_ENV={environment} needs both KALSHI_KEY_ID and KALSHI_PRIVATE_KEY_PATH: set them.")
    try:
        return Signer(key_id, load_private_key(Path(path).read_bytes()))
    except OSError as error:
        raise BadKey(
            f"KALSHI_PRIVATE_KEY_PATH={path!r} can not be read ({error.strerror}): give the path of your key file."
        ) from error
    except BadKey as error:
        raise BadKey(f"KALSHI_PRIVATE_KEY_PATH={path!r} can not be used: {error}.") from error
