"""What a private message says where whoever sends it leaves something out: values that agree with each other."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from proto.units import DOLLAR, SECOND
from services.simulator.errors import BadPrivate
from services.simulator.world.digest import digest
from services.simulator.world.listing import market_id
from services.simulator.world.market import Market
from services.simulator.world.messages import rfc3339
from services.simulator.world.uuids import drawn_uuid
from shared.kalshi.hours import micros
from shared.kalshi.numbers import count, dollars, format_count, format_dollars

#: Whose account it is: every client has the same.
USER_ID = market_id("the account")
#: The account as others see it where quotes are asked for and given.
OWN_ID = digest("the account") + digest("among others")

Members: TypeAlias = dict[str, Any]

_CENT_MICROS = 10_000
_ONE = 100
_HUNDRED = "100.00"
_TIMES = (
    ("created_ts_ms", "created_time"),
    ("last_updated_ts_ms", "last_update_time"),
    ("expiration_ts_ms", "expiration_time"),
)


class Defaults:
    """Draws ids, and takes prices from the market as it is."""

    def __init__(self, uniform: Callable[[], float]) -> None:
        self._uniform = uniform

    def fill(self, given: Members, market: Market, ts: int) -> Members:
        """Return the members of a fill, by default of one contract bought as taker at the best price."""
        direction = _direction(given, "side", "action", "outcome_side", "purchased_side", "book_side")
        outcome, taker = direction["outcome_side"], given.get("is_taker", True)
        price = _given_price(given, _price(market, outcome, taker=taker))
        quantity = count(given.get("count_fp", "1.00"))
        ts_ms = given["ts"] * 1000 if "ts" in given and "ts_ms" not in given else given.get("ts_ms", ts // 1000)
        return direction | {
            "trade_id": drawn_uuid(self._uniform),
            "order_id": drawn_uuid(self._uniform),
            "exchange_index": market.listing.exchange_index,
            "is_taker": taker,
            "yes_price_dollars": format_dollars(price),
            "count_fp": format_count(quantity),
            "fee_cost": _money(_fee(quantity, price) if taker else 0),
            "post_position_fp": format_count(quantity if outcome == "yes" else -quantity),
            "ts": ts_ms // 1000,
            "ts_ms": ts_ms,
        }

    def user_order(self, given: Members, market: Market, ts: int) -> Members:
        """Return the members of an order, by default one that rests at the best price of its side."""
        direction = _direction(given, "side", "is_yes", "outcome_side", "book_side")
        outcome = direction["outcome_side"]
        price = _given_price(given, _price(market, outcome, taker=False))
        counts = _counts(given)
        cost = count(counts["fill_count_fp"]) * (price if outcome == "yes" else DOLLAR - price)
        nothing = dict.fromkeys(("taker_fill_cost_dollars", "taker_fees_dollars", "maker_fees_dollars"), _money(0))
        return (
            direction
            | counts
            | nothing
            | _times(given, ts)
            | {
                "order_id": drawn_uuid(self._uniform),
                "user_id": USER_ID,
                "exchange_index": market.listing.exchange_index,
                "yes_price_dollars": format_dollars(price),
                "maker_fill_cost_dollars": _money(cost),
                "client_order_id": "",
            }
        )

    def market_position(self, given: Members, market: Market, _: int) -> Members:
        """Return the members of a position, by default one contract for yes bought at the last price."""
        position = count(given.get("position_fp", "1.00"))
        price = _price(market, "yes" if position > 0 else "no", taker=True)
        fee = _money(_fee(abs(position), price))
        return {
            "user_id": USER_ID,
            "position_fp": format_count(position),
            "position_cost_dollars": _money(abs(position) * (price if position > 0 else DOLLAR - price)),
            "realized_pnl_dollars": _money(0),
            "fees_paid_dollars": fee,
            "position_fee_cost_dollars": fee,
            "volume_fp": format_count(abs(position)),
        }

    def order_group(self, given: Members, ts: int) -> Members:
        """Return the members of what happens to an order group, by default its creation."""
        event_type = given.get("event_type", "created")
        limit = {"contracts_limit_fp": _HUNDRED} if event_type in {"created", "limit_updated"} else {}
        known = {"event_type": event_type, "order_group_id": drawn_uuid(self._uniform), "ts_ms": ts // 1000}
        return known | limit

    def rfq(self, given: Members, market: Market, ts: int, *, at: str) -> Members:
        """Return the members of what somebody else asks for; `at` names the member with the time."""
        contracts = {} if "target_cost_dollars" in given else {"contracts_fp": _HUNDRED}
        known = {"id": drawn_uuid(self._uniform), "creator_id": self._somebody(), at: rfc3339(ts)}
        listing = market.listing
        if market.is_combo and at == "created_ts":
            known["mve_collection_ticker"] = listing.mve_collection_ticker
            known["mve_selected_legs"] = msgspec.to_builtins(listing.mve_selected_legs)
        return contracts | known | {"event_ticker": listing.event_ticker}

    def offer(self, given: Members, market: Market, ts: int, *, accepted: bool) -> Members:
        """Return the members of a quote for what was asked, just given or just taken."""
        quote = market.quote()
        known = self._parties(given) | {
            "event_ticker": market.listing.event_ticker,
            "yes_bid_dollars": format_dollars(quote.yes_bid if quote.yes_bid_quantity else 4500),
            "no_bid_dollars": format_dollars(DOLLAR - quote.yes_ask if quote.yes_ask_quantity else 4500),
            "yes_contracts_offered_fp": _HUNDRED,
            "no_contracts_offered_fp": _HUNDRED,
        }
        if not accepted:
            return known | {"created_ts": rfc3339(ts)}
        offered = f"{given.get('accepted_side', 'yes')}_contracts_offered_fp"
        return known | {"accepted_side": "yes", "contracts_accepted_fp": given.get(offered, _HUNDRED)}

    def execution(self, given: Members, _: Market, ts: int) -> Members:
        """Return the members of a quote's execution."""
        order = {"order_id": drawn_uuid(self._uniform), "client_order_id": "", "executed_ts": rfc3339(ts)}
        return self._parties(given) | order

    def _parties(self, given: Members) -> Members:
        """By default the account has given the quote, to somebody else."""
        asks = given.get("rfq_creator_id") == OWN_ID or given.get("quote_creator_id", OWN_ID) != OWN_ID
        quoter, asker = (self._somebody(), OWN_ID) if asks else (OWN_ID, self._somebody())
        ids = {"quote_id": drawn_uuid(self._uniform), "rfq_id": drawn_uuid(self._uniform)}
        return ids | {"quote_creator_id": quoter, "rfq_creator_id": asker}

    def _somebody(self) -> str:
        name = drawn_uuid(self._uniform)
        return digest(name) + digest(f"{name} among others")


def _direction(given: Members, *wanted: str) -> Members:
    """Return the members that tell the direction, of which the given ones must agree.

    Who sells yes at p buys no at 1 - p: the outcome side is no, the book side ask, the side still yes.
    """
    for side, action in (("yes", "buy"), ("no", "buy"), ("yes", "sell"), ("no", "sell")):
        for_yes = (side == "yes") == (action == "buy")
        known: Members = {
            "side": side,
            "is_yes": side == "yes",
            "action": action,
            "outcome_side": "yes" if for_yes else "no",
            "purchased_side": "yes" if for_yes else "no",
            "book_side": "bid" if for_yes else "ask",
        }
        said = given | ({"action": given["action"].partition("_")[0] or "buy"} if "action" in given else {})
        if all(said.get(member, known[member]) == known[member] for member in wanted):
            return {member: known[member] for member in wanted}
    contradiction = ", ".join(f"{member} {given[member]!r}" for member in wanted if member in given)
    raise BadPrivate(f"These contradict each other: {contradiction}. Give one of them and leave out the rest.")


def _price(market: Market, outcome: str, *, taker: bool) -> int:
    quote = market.quote()
    if (outcome == "yes") == taker:
        price, quantity = quote.yes_ask, quote.yes_ask_quantity
    else:
        price, quantity = quote.yes_bid, quote.yes_bid_quantity
    return price if quantity else market.last_price or DOLLAR // 2


def _given_price(given: Members, price: int) -> int:
    return dollars(given["yes_price_dollars"]) if "yes_price_dollars" in given else price


def _fee(quantity: int, price: int) -> int:
    """Return 7 % of the quantity times the price times what is missing to a dollar, raised to a cent; in micros."""
    return -(-7 * quantity * price * (DOLLAR - price) // (SECOND * _CENT_MICROS)) * _CENT_MICROS


def _money(micros: int) -> str:
    return f"{micros // SECOND}.{micros % SECOND:06}"


def _counts(given: Members) -> Members:
    """Return status and quantities of an order; what it had at first is what was filled, rests, or was canceled."""
    filled, remaining, initial = (
        count(given[member]) if member in given else None
        for member in ("fill_count_fp", "remaining_count_fp", "initial_count_fp")
    )
    status = given.get("status")
    if initial is None:
        initial = (filled or 0) + (remaining or 0) or 10 * _ONE
    if filled is None and remaining is None:
        filled = initial if status == "executed" else 0
    if filled is None:
        filled = initial - (remaining or 0)
    if remaining is None:
        remaining = 0 if status == "canceled" else initial - filled
    if min(filled, remaining) < 0 or filled + remaining > initial:
        raise BadPrivate("More is filled or remains than the order had at first: make the three counts agree.")
    ended = "executed" if filled == initial else "canceled"
    return {
        "status": status or ("resting" if remaining else ended),
        "fill_count_fp": format_count(filled),
        "remaining_count_fp": format_count(remaining),
        "initial_count_fp": format_count(initial),
    }


def _times(given: Members, ts: int) -> Members:
    """Return each time in both of its forms."""
    known: Members = {"created_ts_ms": ts // 1000, "created_time": rfc3339(ts // 1000 * 1000)}
    for in_millis, in_text in _TIMES:
        if in_millis in given:
            millis = given[in_millis]
            known[in_millis], known[in_text] = millis, None if millis is None else rfc3339(millis * 1000)
        elif in_text in given:
            known[in_millis] = None if given[in_text] is None else _millis(given[in_text])
    return known


def _millis(text: str) -> int:
    try:
        return micros(datetime.fromisoformat(text)) // 1000
    except ValueError as error:
        raise BadPrivate(f"{text} is no time: {error}.") from error
