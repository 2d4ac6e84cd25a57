"""The grammar of subjects: `{prefix}.v1.{kind}.{series}.{market}`.

Tickers contain dots, which would split a token. Every byte outside `[A-Za-z0-9_-]` is therefore written `=XX` in
upper-case hex, which is reversible and legal in subjects and in KV keys alike.
"""

import re

import msgspec

VERSION = "v1"
_UNSAFE = re.compile(rb"[^A-Za-z0-9_-]")
_ESCAPED = re.compile(rb"=([0-9A-F]{2})")
_TOKEN = re.compile(r"(?:[A-Za-z0-9_-]|=[0-9A-F]{2})+")


def escape(text: str) -> str:
    """Return the token for a ticker; raises ValueError for the empty string, which no token can hold."""
    if not text:
        raise ValueError("an empty string has no subject token")
    return _UNSAFE.sub(lambda match: b"=%02X" % match[0][0], text.encode()).decode("ascii")


def unescape(token: str) -> str:
    """Return the ticker of a token; raises ValueError if `escape` can not have made it."""
    text = _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), token.encode()).decode()
    if not _TOKEN.fullmatch(token) or escape(text) != token:
        raise ValueError(f"not a subject token: {token!r}")
    return text


def series_of(ticker: str) -> str:
    """Return the series: the ticker up to its first hyphen (a pure function, never a look-up)."""
    return ticker.partition("-")[0] or ticker


class Subjects(msgspec.Struct, frozen=True):
    """Subjects under one prefix."""

    prefix: str = "kalshi"

    def market(self, kind: str, ticker: str) -> str:
        """Return the subject of one market's messages of a kind."""
        return f"{self.prefix}.{VERSION}.{kind}.{escape(series_of(ticker))}.{escape(ticker)}"

    def series(self, kind: str, series: str) -> str:
        """Return the wildcard for all markets of one series."""
        return f"{self.prefix}.{VERSION}.{kind}.{escape(series)}.>"

    def all(self, kind: str) -> str:
        """Return the wildcard for all messages of a kind."""
        return f"{self.prefix}.{VERSION}.{kind}.>"

    def gateway(self, instance: str) -> str:
        """Return the subject of one gateway's heartbeats."""
        return f"{self.prefix}.{VERSION}.sys.gateway.{escape(instance)}"

    def quarantine(self, reason: str) -> str:
        """Return the subject for frames that were not understood."""
        return f"{self.prefix}.{VERSION}.quarantine.{escape(reason)}"

    def private_quarantine(self, reason: str) -> str:
        """Return the subject for frames and replies about the account that were not understood."""
        return f"{self.prefix}.{VERSION}.private.quarantine.{escape(reason)}"

    @property
    def account(self) -> str:
        """The subject of what is said about the account as a whole."""
        return f"{self.prefix}.{VERSION}.private.account"

    def rpc(self, name: str) -> str:
        """Return the subject of a request such as `book.get`."""
        return f"{self.prefix}.{VERSION}.rpc.{name}"

    def ticker(self, subject: str) -> str:
        """Return the ticker that a market subject speaks of."""
        return unescape(subject.rpartition(".")[2])
