"""What to publish when books change, and the answer to rpc.book.get. Pure."""

from collections.abc import Mapping

import msgspec

from proto.market import Top
from proto.requests import BookGet, BookImage, BookReply, TickerError
from proto.subjects import Subjects
from shared.market.clock import Now
from shared.market.counts import Counts
from shared.market.pace import Pacer
from shared.market.replica import Replica
from shared.market.summary import depth, image, top

DEPTH_INTERVAL_S = 0.25
#: A reply stays below the payload that nats-server takes by default, which is 1 MiB.
REPLY_BYTES = 768 * 2**10

UNKNOWN_MARKET = 404
REPLY_FULL = 413
NO_BOOK_YET = 503

_encode = msgspec.json.Encoder().encode


class Builder:
    """Turns changes of replicas into messages; `replicas` is the live table of what is followed."""

    def __init__(self, subjects: Subjects, replicas: Mapping[str, Replica]) -> None:
        self.counts = Counts()
        self._subjects = subjects
        self._replicas = replicas
        self._changed: dict[str, None] = {}
        self._told: dict[str, tuple[object, ...]] = {}
        self._pacer = Pacer(DEPTH_INTERVAL_S)

    def changed(self, ticker: str, now: Now) -> None:
        """Note that a market's book or its status changed."""
        self._changed[ticker] = None
        self._pacer.touch(ticker, now.at)

    def tops(self) -> list[tuple[str, bytes]]:
        """Return the messages for markets whose best two levels, or status, are not what was told last."""
        messages = []
        for ticker in self._changed:
            replica = self._replicas.get(ticker)
            if replica is not None and replica.epoch:
                message = top(replica)
                shown = _shown(message)
                if self._told.get(ticker) != shown:
                    self._told[ticker] = shown
                    messages.append((self._subjects.market("top", ticker), _encode(message)))
        self._changed.clear()
        return messages

    def depths(self, now: Now) -> list[tuple[str, bytes]]:
        """Return the whole books whose turn it is."""
        messages = []
        for ticker in self._pacer.release(now.at):
            replica = self._replicas.get(ticker)
            if replica is None or replica.reason == "unsubscribed":
                self._forget(ticker)
            if replica is not None and replica.epoch:
                messages.append((self._subjects.market("depth", ticker), _encode(depth(replica))))
        return messages

    def get(self, request: BookGet) -> BookReply:
        """Answer with each book, or with the reason why not."""
        books: list[BookImage] = []
        errors: list[TickerError] = []
        room = REPLY_BYTES
        for ticker in dict.fromkeys(request.tickers):
            replica = self._replicas.get(ticker)
            if replica is None:
                errors.append(TickerError(ticker, UNKNOWN_MARKET, "no gateway follows this market"))
            elif not replica.epoch:
                errors.append(TickerError(ticker, NO_BOOK_YET, "its book has not arrived yet: ask again"))
            else:
                book = image(replica, request.depth)
                room -= len(_encode(book))
                if room > 0 or not books:
                    books.append(book)
                else:
                    errors.append(TickerError(ticker, REPLY_FULL, "the reply is full: ask for it again"))
        return BookReply(tuple(books), tuple(errors))

    def _forget(self, ticker: str) -> None:
        self._told.pop(ticker, None)
        self._pacer.forget(ticker)


def _shown(message: Top) -> tuple[object, ...]:
    return (
        message.status,
        message.yes_bid,
        message.yes_bid_qty,
        message.yes_bid_2,
        message.no_bid,
        message.no_bid_qty,
        message.no_bid_2,
    )
