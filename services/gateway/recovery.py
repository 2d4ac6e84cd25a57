"""Brings the books of one connection, and brings them back: does what the ladder and the requests decide."""

from collections.abc import Iterable
from math import inf

from proto.units import StaleReason
from services.gateway.holding import HeldMarkets
from services.gateway.output import LineOutput
from services.gateway.repair import SET_ASIDE_S, UNSUBSCRIBE_S, Attempts, Ladder, Requests, Step
from services.gateway.subscriptions import BOOK, LIFECYCLE, Subscription, Subscriptions
from shared.market.clock import Now
from shared.market.counts import Counts

#: A subscribe to books that is not acknowledged in this time never will be.
ACKNOWLEDGED_S = 9.0
#: A connection that says nothing at all for so long, while books are asked for, may have died without a sign.
MUTE_S = 5.0
#: A question that is always answered, and is not in this time, proves it.
PROBE_S = 3.0


class Recovery:
    """Keeps the subscriptions of one connection at what is `wanted`, whatever was lost."""

    def __init__(self, subscriptions: Subscriptions, markets: HeldMarkets, out: LineOutput, counts: Counts) -> None:
        self.wanted: set[str] = set()
        self._subscriptions = subscriptions
        self._markets = markets
        self._out = out
        self._counts = counts
        self._requests = Requests()
        self._ladder = Ladder()
        self._renewals: dict[str, Attempts] = {}
        self._merged: set[str] = set()
        self._heard_at = self._probed_at = inf

    def heard(self, at: float) -> None:
        """Note that the exchange has said something, whatever it was."""
        self._heard_at, self._probed_at = at, inf

    def want(self, tickers: set[str], now: Now) -> None:
        """Follow these markets and no others."""
        self.wanted = tickers
        self._subscriptions.want(tickers, now.at)
        self._requests.keep(tickers)
        self._ladder.keep(tickers)
        book = self._subscriptions.book
        if book is not None:
            # Subscribing brings a snapshot unasked; one that does not come is asked for.
            self._requests.expect([ticker for ticker in book.held if self._lacks_book(ticker)], now.at)

    def again(self, now: Now) -> None:
        """Ask for what is wanted and can be asked for now."""
        self.want(self.wanted, now)

    def ask(self, tickers: Iterable[str], now: Now) -> None:
        """Have books asked for that are not on their way."""
        self._requests.ask([ticker for ticker in tickers if ticker not in self._requests])
        self._send(now)

    def tick(self, now: Now) -> None:
        """Do what time asks for: the next step of a repair, and asking again for books that have not come."""
        book = self._subscriptions.book
        if book is None:
            return
        if now.at - self._probed_at >= PROBE_S:
            self._out.drop("unanswered")
        if book.sid is None and book.opened_at is not None and now.at >= book.opened_at + ACKNOWLEDGED_S:
            self._out.drop("not_acknowledged")
        if book.ending is not None and now.at >= book.open_at:
            self.again(now)
        self._ladder.expire(now.at)
        self._note_done(now)
        self._climb(now)
        self._chase(now)

    def came(self, ticker: str, now: Now) -> None:
        """Note that a book is here."""
        self._requests.came(ticker, now.at)
        self._ladder.came(ticker, now.at)
        self._note_done(now)
        self._send(now)

    def set_aside(self, tickers: list[str], now: Now) -> None:
        """Ask for these books only after a while: the connection is well, and to replace it would cost the others."""
        self._requests.set_aside(tickers, now.at)
        for ticker in tickers:
            self._ladder.came(ticker, now.at)

    def lose(self, subscription: Subscription, reason: StaleReason, now: Now, *, dead: bool = False) -> None:
        """Take a loss: of messages, or of the subscription itself if it is dead."""
        self._counts.add("gaps", subscription.channel)
        if subscription.channel == BOOK:
            self._lose_books(subscription, reason, now, dead=dead)
            return
        if subscription.channel == LIFECYCLE:
            # An `activated` may have been among what was lost.
            self.ask(self._markets.resume(), now)
        if dead:
            self._renew(subscription, now)

    def merged(self, subscription: Subscription, now: Now) -> None:
        """End a subscription that was still open when it was subscribed to anew: no book would come."""
        if subscription.channel in self._merged:
            self._out.drop("not_ended")
            return
        self._merged.add(subscription.channel)
        self._subscriptions.renew(subscription, now.at + UNSUBSCRIBE_S, ended=False)

    def _lose_books(self, book: Subscription, reason: StaleReason, now: Now, *, dead: bool) -> None:
        held = sorted(book.held)
        self._markets.stale(held, reason, now.ts)
        if dead:
            self._subscriptions.renew(book, inf, ended=True)
        self._ladder.lost(set(held) - self._requests.aside(), now.at, dead=dead)
        self._climb(now)

    def _climb(self, now: Now) -> None:
        failed = self._ladder.step
        step = self._ladder.due(now.at)
        if step is None:
            return
        if failed is not None:
            self._counts.add("repairs_failed", failed.value)
        self._counts.add("repairs", step.value)
        if step is Step.SNAPSHOT:
            self._requests.ask_anew(sorted(self._ladder.missing))
            self._send(now)
        elif step is Step.RESUBSCRIBE:
            self._resubscribe(now)
        else:
            self._out.drop("repair_failed")

    def _resubscribe(self, now: Now) -> None:
        book = self._subscriptions.book
        if book is None:
            return
        self._markets.stale(sorted(book.held), "resubscribed", now.ts)
        self._requests.clear()
        self._merged.discard(BOOK)
        pause = 0.0 if book.sid is None else UNSUBSCRIBE_S
        self._subscriptions.renew(book, now.at + pause, ended=False)
        self.again(now)
        self._note_done(now)

    def _renew(self, subscription: Subscription, now: Now) -> None:
        self._counts.add("resubscriptions", subscription.channel)
        self._merged.discard(subscription.channel)
        attempts = self._renewals.setdefault(subscription.channel, Attempts())
        open_at = attempts.next_at(now.at)
        attempts.begin(open_at)
        attempts.well(open_at)
        self._subscriptions.renew(subscription, open_at, ended=True)
        self.again(now)

    def _chase(self, now: Now) -> None:
        late, failed = self._requests.late(now.at)
        if failed and now.at - self._heard_at >= MUTE_S and self._probed_at == inf:
            # Quiet markets are no sign of anything, but this is answered wherever anybody listens.
            self._subscriptions.probe()
            self._probed_at = now.at
        if failed:
            self.set_aside(failed, now)
            some = ", ".join(sorted(failed)[:3])
            self._out.note(
                f"the exchange sends no book of {len(failed)} markets ({some}): asking again in {SET_ASIDE_S:.0f} s"
            )
        self._requests.ask(late)
        self._send(now)

    def _send(self, now: Now) -> None:
        book = self._subscriptions.book
        if book is not None and book.sid is not None:
            self._subscriptions.ask_snapshots(self._requests.turn(now.at))

    def _note_done(self, now: Now) -> None:
        done = self._ladder.done(now.at)
        if done is not None:
            step, seconds = done
            self._counts.add("repairs_done", step.value if step is not None else "by_itself")
            self._out.timed("repair", seconds)

    def _lacks_book(self, ticker: str) -> bool:
        market = self._markets.get(ticker)
        return market is not None and market.reason is not None and not market.paused
