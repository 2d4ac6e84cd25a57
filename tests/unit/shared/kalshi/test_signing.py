"""Requests are signed as the exchange demands, and anything else is refused in its words."""

import base64
from collections.abc import Callable

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa

from shared.kalshi.errors import BadKey
from shared.kalshi.signing import (
    CLOCK_TOLERANCE_MS,
    HEADERS,
    SIMULATOR_KEY_ID,
    PrivateKey,
    Signer,
    Verifier,
    load_private_key,
    private_pem,
    public_key,
    simulator_key,
)

NOW_MS = 1_789_418_191_805
PATH = "/trade-api/ws/v2"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED25519_KEY = ed25519.Ed25519PrivateKey.generate()
KEYS: list[PrivateKey] = [RSA_KEY, ED25519_KEY]


def verifier() -> Verifier:
    """Return a verifier that trusts one key of each kind."""
    return Verifier({"rsa": public_key(RSA_KEY), "ed25519": public_key(ED25519_KEY)})


def key_id(key: PrivateKey) -> str:
    """Return the id under which `verifier` knows a key."""
    return "rsa" if key is RSA_KEY else "ed25519"


@pytest.mark.parametrize("key", KEYS, ids=key_id)
@pytest.mark.parametrize("drift_ms", [-CLOCK_TOLERANCE_MS, 0, CLOCK_TOLERANCE_MS])
def test_good_signature(key: PrivateKey, drift_ms: int) -> None:
    """A fresh signature of a trusted key is let in, with the clock a little off either way."""
    headers = Signer(key_id(key), key).headers("GET", PATH, NOW_MS + drift_ms)
    assert verifier().check(headers, "GET", PATH, NOW_MS) is None


@pytest.mark.parametrize("key", KEYS, ids=key_id)
@pytest.mark.parametrize("changed", ["method", "path", "timestamp", "signature", "garbage"])
def test_wrong_signature(key: PrivateKey, changed: str) -> None:
    """Whatever was signed must be what was asked."""
    headers = Signer(key_id(key), key).headers("GET", PATH, NOW_MS)
    if changed == "timestamp":
        headers[HEADERS.timestamp] = str(NOW_MS + 1)
    if changed == "signature":
        headers[HEADERS.signature] = Signer("x", key).headers("GET", "/other", NOW_MS)[HEADERS.signature]
    if changed == "garbage":
        headers[HEADERS.signature] = "not base64!"
    method = "POST" if changed == "method" else "GET"
    refusal = verifier().check(headers, method, "/else" if changed == "path" else PATH, NOW_MS)
    assert refusal is not None
    assert (refusal.code, refusal.details) == ("authentication_error", "INCORRECT_API_KEY_SIGNATURE")


@pytest.mark.parametrize("missing", HEADERS)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_missing_header(missing: str, how: str) -> None:
    """Without all three headers nothing is checked."""
    headers = Signer("rsa", RSA_KEY).headers("GET", PATH, NOW_MS)
    if how == "absent":
        del headers[missing]
    else:
        headers[missing] = ""
    refusal = verifier().check(headers, "GET", PATH, NOW_MS)
    assert refusal is not None
    assert refusal.code == "signature_is_missing_from_headers"


@pytest.mark.parametrize(
    "timestamp",
    [
        str(NOW_MS - CLOCK_TOLERANCE_MS - 1),
        str(NOW_MS + CLOCK_TOLERANCE_MS + 1),
        str(NOW_MS // 1000),
        "now",
        "-1",
        "9" * 5000,
    ],
)
def test_clock(timestamp: str) -> None:
    """A stale, early or unreadable timestamp is an expired one; seconds are the classic mistake."""
    headers = Signer("rsa", RSA_KEY).headers("GET", PATH, NOW_MS) | {HEADERS.timestamp: timestamp}
    refusal = verifier().check(headers, "GET", PATH, NOW_MS)
    assert refusal is not None
    assert refusal.code == "header_timestamp_expired"


def test_unknown_key() -> None:
    """A key id that nobody registered is not found."""
    headers = Signer("nobody", RSA_KEY).headers("GET", PATH, NOW_MS)
    refusal = verifier().check(headers, "GET", PATH, NOW_MS)
    assert refusal is not None
    assert msgspec.json.decode(refusal.body()) == {
        "error": {
            "code": "authentication_error",
            "message": "authentication error",
            "details": "NOT_FOUND",
        }
    }


def test_pkcs1_v15_is_refused() -> None:
    """RSA signatures must be PSS."""
    text = f"{NOW_MS}GET{PATH}".encode()
    signature = RSA_KEY.sign(text, padding.PKCS1v15(), hashes.SHA256())
    headers = {
        HEADERS.key: "rsa",
        HEADERS.timestamp: str(NOW_MS),
        HEADERS.signature: base64.b64encode(signature).decode(),
    }
    refusal = verifier().check(headers, "GET", PATH, NOW_MS)
    assert refusal is not None
    assert refusal.details == "INCORRECT_API_KEY_SIGNATURE"


def test_rsa_salt_is_as_long_as_the_digest() -> None:
    """Other salt lengths are refused, so ours must be 32 bytes."""
    headers = Signer("rsa", RSA_KEY).headers("GET", PATH, NOW_MS)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    signature = base64.b64decode(headers[HEADERS.signature])
    RSA_KEY.public_key().verify(signature, f"{NOW_MS}GET{PATH}".encode(), pss, hashes.SHA256())


def test_the_query_is_not_signed() -> None:
    """The path is signed without its query, by the client and by the server alike."""
    signer = Signer("ed25519", ED25519_KEY)
    with_query = signer.headers("get", "/trade-api/v2/markets?limit=5", NOW_MS)
    assert with_query == signer.headers("GET", "/trade-api/v2/markets", NOW_MS)
    assert verifier().check(with_query, "GET", "/trade-api/v2/markets?limit=9", NOW_MS) is None


PKCS1 = RSA_KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)


@pytest.mark.parametrize(
    ("pem", "kind"),
    [
        (PKCS1, rsa.RSAPrivateKey),
        (private_pem(RSA_KEY), rsa.RSAPrivateKey),
        (private_pem(ED25519_KEY), ed25519.Ed25519PrivateKey),
    ],
    ids=["pkcs1", "pkcs8", "ed25519"],
)
def test_loads_keys(pem: bytes, kind: type) -> None:
    """Both wrappings of RSA keys, and Ed25519 keys."""
    key = load_private_key(pem)
    assert isinstance(key, kind)
    assert private_pem(key) in (private_pem(RSA_KEY), private_pem(ED25519_KEY))


def encrypted() -> bytes:
    """Return a key under a passphrase."""
    return RSA_KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )


def elliptic() -> bytes:
    """Return a key of a kind that the exchange does not take."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def discrete() -> bytes:
    """Return a key of another kind that the exchange does not take."""
    return dsa.generate_private_key(2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (encrypted, "encrypted"),
        (elliptic, "neither"),
        (discrete, "neither"),
        (lambda: b"", "not a PEM"),
        (lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a PEM"),
    ],
)
def test_unusable_keys_say_what_to_do(pem: Callable[[], bytes], words: str) -> None:
    """The error is a sentence for the person who holds the key."""
    with pytest.raises(BadKey, match=words):
        load_private_key(pem())


def test_the_simulators_key_is_always_the_same() -> None:
    """Client and simulator derive it on their own, so it must not change between releases."""
    headers = Signer(SIMULATOR_KEY_ID, simulator_key()).headers("GET", PATH, NOW_MS)
    trusted = Verifier({SIMULATOR_KEY_ID: public_key(simulator_key())})
    assert trusted.check(headers, "GET", PATH, NOW_MS) is None
    assert base64.b64decode(headers[HEADERS.signature])[:4].hex() == "2a2590f9"
