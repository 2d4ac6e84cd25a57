"""Faults that happen in one moment, to one connection or one subscription."""

from collections.abc import Callable
from functools import partial

from services.simulator.core import Exchange
from services.simulator.faults import script
from services.simulator.feed.subscription import Outlet, Subscription
from services.simulator.session import acts
from services.simulator.session.session import Session
from services.simulator.world import messages

_UNKNOWN = "market_weather"
_UNKNOWN_MSG = b'{"outlook":"unheard of"}'


class Padding:
    """Makes frames longer by white space that JSON allows."""

    def __init__(self, outlet: Outlet, size: int) -> None:
        self._outlet = outlet
        self._size = size

    def append(self, frame: bytes, /) -> None:
        """Pass a frame on in the size wanted, or larger if it is."""
        self._outlet.append(frame[:-2] + b" " * (self._size - len(frame)) + frame[-2:])


def sessions(exchange: Exchange, fault: script.OnSession) -> list[Session]:
    """Return the open connections that a fault is about."""
    return [session for number, session in exchange.sessions.items() if fault.session in {None, number}]


def subscriptions(
    exchange: Exchange, fault: script.OnFrames | script.OnSubscription | script.OnBook
) -> list[tuple[Session, Subscription]]:
    """Return the subscriptions that a fault is about, with their connections."""
    return [
        (session, subscription)
        for session in sessions(exchange, fault)
        for subscription in session.subscriptions.values()
        if subscription.channel is fault.channel
        and (not isinstance(fault, script.OnBook) or _market(fault, subscription) in subscription.tickers)
    ]


def blows(exchange: Exchange, fault: script.Strike) -> list[Callable[[], None]]:
    """Return what a fault does, once for each whom it is about."""
    if isinstance(fault, script.SessionStrike):
        return [partial(_strike_session, fault, session) for session in sessions(exchange, fault)]
    return [partial(_strike_subscription, exchange, fault, *found) for found in subscriptions(exchange, fault)]


def _strike_session(fault: script.SessionStrike, session: Session) -> None:
    match fault:
        case script.Cut():
            session.acts.append(acts.Cut())
        case script.Close():
            session.acts.append(acts.Close(fault.code, fault.reason))
        case script.RefuseCommand():
            session.refusals.extend([fault.code] * fault.count)


def _strike_subscription(
    exchange: Exchange, fault: script.SubscriptionStrike, session: Session, subscription: Subscription
) -> None:
    match fault:
        case script.Error():
            session.fail(subscription, fault.code)
        case script.Unsubscribed():
            session.drop(subscription)
        case script.UnknownType():
            for _ in range(fault.count):
                _say_unknown(exchange, fault, session, subscription)
        case script.Snapshot():
            _say_book(exchange, subscription, _market(fault, subscription), fault.changes_old)
        case script.BigSnapshot():
            outlet = subscription.outlet
            subscription.outlet = Padding(outlet, fault.bytes)
            exchange.floor.say_book(subscription, _market(fault, subscription))
            subscription.outlet = outlet


def _market(fault: script.OnBook, subscription: Subscription) -> str:
    return fault.market_ticker or next(iter(subscription.tickers), "")


def _say_unknown(exchange: Exchange, fault: script.UnknownType, session: Session, subscription: Subscription) -> None:
    if fault.sid and fault.seq:
        subscription.say(_UNKNOWN, _UNKNOWN_MSG)
        return
    outlet: Outlet = subscription.outlet if fault.sid else session.outbox
    sid = b',"sid":%d' % subscription.sid if fault.sid else b""
    outlet.append(b'{"type":"%b"%b,"msg":%b%b' % (_UNKNOWN.encode(), sid, _UNKNOWN_MSG, exchange.manners.tail))


def _say_book(exchange: Exchange, subscription: Subscription, ticker: str, changes_old: int) -> None:
    world = exchange.world
    market = world.markets.get(ticker)
    if market is None or not changes_old:
        exchange.floor.say_book(subscription, ticker)
        return
    was = world.history.book_at(ticker, market.book, world.history.before(ticker, changes_old))
    ladders = was.ladder("yes"), was.ladder("no")
    if market.legacy:
        msg = messages.legacy_snapshot(ticker, *ladders)
    else:
        msg = messages.snapshot(ticker, market.listing.market_id, *ladders, yes_scale=subscription.yes_scale)
    subscription.say("orderbook_snapshot", msg)
    # Whatever it tells, the exchange's own book is the one of now.
    subscription.moments.note(subscription.seq, world.history.number)
