"""One market's book as a consumer of the bus holds it, with the proof of how current it is."""

from collections import deque

from proto.book import Delta, Snapshot, Stale
from proto.requests import BookImage
from proto.units import StaleReason, Status
from shared.market.book import Book, NegativeLevel
from shared.market.continuity import Verdict, judge_delta, judge_snapshot, judge_stale

#: Deltas kept while the book is on its way; older ones are dropped, which shows as a gap when the book arrives.
PENDING_LIMIT = 4096


class Replica:
    """A book with the (epoch, seq) it is of; `reason` says why it is stale and is None while it is live."""

    __slots__ = (
        "_expected",
        "_pending",
        "book",
        "epoch",
        "exchange_ts",
        "instance",
        "reason",
        "received_ts",
        "seq",
        "ticker",
    )

    def __init__(self, ticker: str) -> None:
        self.ticker = ticker
        self.book = Book()
        self.epoch = 0
        self.seq = 0
        self.exchange_ts: int | None = None
        self.received_ts = 0
        self.reason: StaleReason | None = "bus_gap"
        self.instance = ""
        self._expected = (0, 0)
        self._pending: deque[Delta] = deque(maxlen=PENDING_LIMIT)

    @property
    def status(self) -> Status:
        """`live` or `stale`."""
        return "live" if self.reason is None else "stale"

    @property
    def held(self) -> tuple[int, int]:
        """The (epoch, seq) of the last message contained."""
        return (self.epoch, self.seq)

    def delta(self, message: Delta) -> Verdict:
        """Apply a delta that continues the book; on a gap it is kept for the book that has to be asked for."""
        told = (message.epoch, message.seq)
        verdict = judge_delta((self.epoch, self.seq), told)
        if verdict is Verdict.TAKE and not self._apply(message):
            verdict = Verdict.GAP
        if verdict is Verdict.GAP:
            self._pending.append(message)
            self.expect(told)
        elif verdict is Verdict.TAKE and self.reason is not None:
            self._settle()
        return verdict

    def snapshot(self, message: Snapshot | BookImage) -> Verdict:
        """Take a newer book, then the kept deltas that continue it; what it still lacks then is a gap."""
        told = (message.epoch, message.seq)
        outdated = message.epoch < self._expected[0]
        if outdated or judge_snapshot(self.held, told, stale=self.reason is not None) is Verdict.IGNORE:
            return Verdict.IGNORE
        self.book.load(message.yes, message.no)
        self.epoch, self.seq = told
        self.received_ts = message.received_ts
        self.exchange_ts = message.exchange_ts if isinstance(message, Snapshot) else None
        self._settle()
        return Verdict.TAKE if self.reason is None else Verdict.GAP

    def stale(self, message: Stale) -> Verdict:
        """Mark the book as the gateway says."""
        verdict = judge_stale(self.held, (message.epoch, message.seq))
        if verdict is Verdict.TAKE:
            self.reason = message.reason
            self.expect_snapshot_after(message.epoch)
        return verdict

    def expect(self, head: tuple[int, int]) -> None:
        """Note that messages up to this (epoch, seq) were said: a book in doubt is not live before it contains them."""
        self._expected = max(self._expected, head)

    def expect_snapshot_after(self, epoch: int) -> None:
        """Note that the book was marked stale in this epoch: only a snapshot of a later one makes it live."""
        self.expect((epoch + 1, 0))

    def confirm(self) -> bool:
        """Dispel a doubt, because a head equals the book; return whether that made it live."""
        if self.reason is None or self.held < self._expected:
            return False
        self.reason = None
        return True

    def image(self) -> Snapshot:
        """Return the book as it stands, as the snapshot a late joiner needs."""
        return Snapshot(
            ticker=self.ticker,
            epoch=self.epoch,
            seq=self.seq,
            exchange_ts=self.exchange_ts,
            received_ts=self.received_ts,
            exchange_seq=None,
            yes=self.book.yes.ladder(),
            no=self.book.no.ladder(),
        )

    def mark(self, reason: StaleReason, ts: int) -> Stale:
        """Mark the book stale on our own judgement and return the message that says so."""
        self.reason = reason
        return self.doubt(reason, ts)

    def doubt(self, reason: StaleReason, ts: int) -> Stale:
        """Return the message that says that the book is stale."""
        return Stale(self.ticker, self.epoch, self.seq, ts, reason)

    def _apply(self, message: Delta) -> bool:
        try:
            self.book.apply(message.side, message.price, message.delta)
        except NegativeLevel:
            return False
        self.seq = message.seq
        self.exchange_ts = message.exchange_ts
        self.received_ts = message.received_ts
        return True

    def _settle(self) -> None:
        doubt = self.reason or "bus_gap"
        pending = sorted(self._pending, key=lambda message: (message.epoch, message.seq))
        self._pending.clear()
        self.reason = None
        for message in pending:
            self.delta(message)
        if self.held < self._expected:
            self.reason = doubt
