"""The exact book of a market at a moment that is still in memory, and who listens to what."""

from collections.abc import Iterable
from itertools import chain
from typing import Any, NamedTuple

from services.simulator.core import Exchange
from services.simulator.feed.channels import Channel
from services.simulator.feed.subscription import Subscription
from services.simulator.rest import shapes
from services.simulator.rest.errors import told
from services.simulator.rest.queries import TruthParams
from shared.market.book import Book


class _Listener(NamedTuple):
    session: int
    subscription: Subscription


def sessions(exchange: Exchange) -> list[dict[str, Any]]:
    """Return the open sessions and their subscriptions."""
    return [
        {
            "number": session.number,
            "key_id": session.key_id,
            "subscriptions": [_subscribed(known) for known in session.subscriptions.values()],
        }
        for session in exchange.sessions.values()
    ]


def truth(exchange: Exchange, ticker: str, params: TruthParams) -> dict[str, Any]:
    """Return the book now, after a change, or as who has read up to `at_seq` must have it; raises RequestRefused."""
    world = exchange.world
    market = world.markets.get(ticker)
    # Who listens to a market that is not listed yet, or no longer, has a book all the same: an empty one.
    if market is None and params.at_seq is None:
        raise told(404, f"There is no market {ticker}: GET /trade-api/v2/markets lists them.")
    listener = None if params.at_seq is None else _listener(exchange, ticker, params)
    if params.at_seq is not None and listener is not None:
        change = _change_at(listener, params.at_seq)
    else:
        change = world.history.number if params.at_change is None else params.at_change
    if not 0 <= change <= world.history.number:
        raise told(400, f"Change {change} has not happened: the last one is {world.history.number}.")
    if not world.history.remembers(change):
        raise told(410, f"The book after change {change} is no longer in memory: ask sooner.")
    return {
        "ticker": ticker,
        "session": listener.session if listener else None,
        "sid": listener.subscription.sid if listener else None,
        "at_seq": params.at_seq,
        "change": change,
        "orderbook_fp": shapes.orderbook(world.history.book_at(ticker, market.book if market else Book(), change)),
    }


def _change_at(listener: _Listener, seq: int) -> int:
    session, subscription = listener
    if not 1 <= seq <= subscription.seq:
        known = f"the last one of session {session}, sid {subscription.sid} is {subscription.seq}"
        raise told(400, f"Sequence number {seq} was never sent: {known}.")
    change = subscription.moments.at(seq)
    if change is None:
        raise told(410, f"What was true at sequence number {seq} is no longer in memory: ask sooner.")
    return change


def _listener(exchange: Exchange, ticker: str, params: TruthParams) -> _Listener:
    """Return whose sequence is meant; who still listens goes before who has gone."""
    opened = _listeners((session.number, session.subscriptions.values()) for session in exchange.sessions.values())
    ended = ((session.number, session.ended) for session in exchange.sessions.values())
    gone = _listeners(chain(ended, exchange.closed))
    found = _meant(opened, ticker, params) or _meant(gone, ticker, params)
    if not found:
        raise told(
            404, f"Nobody who is still known listened to the book of {ticker}: GET /sim/sessions lists who does."
        )
    if len(found) > 1:
        numbers = ", ".join(f"{session} (sid {subscription.sid})" for session, subscription in found)
        raise told(409, f"Several sessions listen to the book of {ticker}: add session= one of {numbers}.")
    return found[0]


def _listeners(known: Iterable[tuple[int, Iterable[Subscription]]]) -> list[_Listener]:
    return [
        _Listener(number, subscription)
        for number, subscriptions in known
        for subscription in subscriptions
        if subscription.channel is Channel.BOOK
    ]


def _meant(listeners: Iterable[_Listener], ticker: str, params: TruthParams) -> list[_Listener]:
    # Who names a session may ask for a market that it has dropped since.
    return [
        listener
        for listener in listeners
        if (ticker in listener.subscription.tickers if params.session is None else listener.session == params.session)
        and params.sid in {None, listener.subscription.sid}
    ]


def _subscribed(subscription: Subscription) -> dict[str, Any]:
    return {
        "sid": subscription.sid,
        "channel": subscription.channel,
        "seq": subscription.seq,
        "everything": subscription.everything,
        "markets": len(subscription.tickers),
        "market_tickers": list(subscription.tickers),
    }
