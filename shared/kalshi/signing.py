"""Signatures of requests and of the WebSocket handshake: making them and checking them.

What is signed is `timestamp_ms + METHOD + path`, the path without host and without query. RSA keys sign by
RSASSA-PSS (SHA-256, salt as long as the digest; PKCS#1 v1.5 is refused), Ed25519 keys as they are. The
exchange takes the algorithm from the key. Sign afresh for every request: a signature lives for seconds only.

The simulator's key is derived from a constant. It is no secret, because nothing but the simulator trusts it.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from shared.kalshi.errors import BadKey

PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey
PublicKey: TypeAlias = RSAPublicKey | Ed25519PublicKey

#: How far a request's timestamp may be from the server's clock.
CLOCK_TOLERANCE_MS = 5_000
SIMULATOR_KEY_ID = "51e0a7c2-0000-4000-8000-000000000001"
_SIMULATOR_SEED = b"kalshi-fanout simulator"
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)


class HeaderNames(NamedTuple):
    """The three headers of a signed request."""

    key: str = "KALSHI-ACCESS-KEY"
    timestamp: str = "KALSHI-ACCESS-TIMESTAMP"
    signature: str = "KALSHI-ACCESS-SIGNATURE"


HEADERS = HeaderNames()


class Refusal(msgspec.Struct, frozen=True):
    """Why a request is answered with 401, in the exchange's words."""

    code: str
    message: str
    details: str = ""

    def body(self) -> bytes:
        """Return the JSON body of the 401."""
        return msgspec.json.encode({"error": self})


class Signer:
    """Signs requests with one key."""

    def __init__(self, key_id: str, private_key: PrivateKey) -> None:
        self._key_id = key_id
        self._private_key = private_key

    def headers(self, method: str, path: str, timestamp_ms: int) -> dict[str, str]:
        """Return the three headers; a query string in the path is not signed."""
        text = _signed_text(str(timestamp_ms), method, path)
        if isinstance(self._private_key, RSAPrivateKey):
            signature = self._private_key.sign(text, _PSS, hashes.SHA256())
        else:
            signature = self._private_key.sign(text)
        return {
            HEADERS.key: self._key_id,
            HEADERS.timestamp: str(timestamp_ms),
            HEADERS.signature: base64.b64encode(signature).decode("ascii"),
        }


class Verifier:
    """Checks requests against the keys it trusts, by key id."""

    def __init__(self, keys: Mapping[str, PublicKey]) -> None:
        self._keys = dict(keys)

    def check(self, headers: Mapping[str, str], method: str, path: str, now_ms: int) -> Refusal | None:
        """Return why the request is refused, or None. Headers go by the names in HEADERS, upper case."""
        key_id, timestamp, signature = (headers.get(name, "") for name in HEADERS)
        if not (key_id and timestamp and signature):
            return Refusal("signature_is_missing_from_headers", "signature is missing from headers")
        if not _is_fresh(timestamp, now_ms):
            return Refusal("header_timestamp_expired", "header timestamp expired")
        key = self._keys.get(key_id)
        if key is None:
            return Refusal("authentication_error", "authentication error", "NOT_FOUND")
        if not _is_good(key, signature, _signed_text(timestamp, method, path)):
            return Refusal("authentication_error", "authentication error", "INCORRECT_API_KEY_SIGNATURE")
        return None


def load_private_key(pem: bytes) -> PrivateKey:
    """Return the key in a PEM file (RSA in PKCS#1 or PKCS#8, or Ed25519); raises BadKey."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise BadKey("the key is encrypted: save it without a passphrase") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey("this is not a PEM private key: save the whole file that Kalshi gave you") from error
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise BadKey("Kalshi takes RSA and Ed25519 keys, and this is neither: make a new API key")
    return key


def private_pem(key: PrivateKey) -> bytes:
    """Return a key as unencrypted PKCS#8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_key(private_key: PrivateKey) -> PublicKey:
    """Return the half that a Verifier trusts."""
    return private_key.public_key()


def simulator_key() -> Ed25519PrivateKey:
    """Return the key, always the same, that the simulator trusts under SIMULATOR_KEY_ID."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(_SIMULATOR_SEED).digest())


def _signed_text(timestamp: str, method: str, path: str) -> bytes:
    return f"{timestamp}{method.upper()}{path.partition('?')[0]}".encode()


def _is_fresh(timestamp: str, now_ms: int) -> bool:
    # Unix milliseconds have 13 digits until the year 2286.
    is_number = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 13
    return is_number and abs(int(timestamp) - now_ms) <= CLOCK_TOLERANCE_MS


def _is_good(key: PublicKey, signature: str, text: bytes) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(key, RSAPublicKey):
            key.verify(raw, text, _PSS, hashes.SHA256())
        else:
            key.verify(raw, text)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
