"""Messages that only their account is told, said because somebody wants them said.

No order is matched here. A matching engine would stand beside this module and use the same doors: `Floor.change` and
`Floor.trade` for what everybody sees, `Sender.tell` for what its owner does.
"""

from collections.abc import Callable, Iterable
from functools import partial as bind
from typing import Any, NamedTuple, TypeVar

import msgspec

from proto.reading import UNREADABLE
from services.simulator.account.defaults import OWN_ID, Defaults, Members
from services.simulator.account.messages import TYPES, partial
from services.simulator.account.messages import Private as Msg
from services.simulator.errors import BadPrivate
from services.simulator.feed.channels import CHANNEL_OF, Channel
from services.simulator.feed.subscription import Subscription
from services.simulator.world.digest import number
from services.simulator.world.market import Market
from services.simulator.world.world import World
from shared.market.clock import Now

#: Messages per body.
MOST = 1000


class _Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: str
    msg: dict[str, Any] = {}


class _Said(NamedTuple):
    kind: str
    msg: Msg
    market: Market | None


_DECODER = msgspec.json.Decoder(_Wanted | list[_Wanted])
_PARTIAL = {kind: partial(type_) for kind, type_ in TYPES.items()}
_CREATORS = ("creator_id", "quote_creator_id", "rfq_creator_id")
_M = TypeVar("_M", bound=msgspec.Struct)
_Completion = Callable[[Members, Market, int], Members]


class Sender:
    """Fills in what is not given and tells all who listen: the account is the same for every client.

    Of communications a subscriber hears the markets of its shard. What is asked for goes to everybody, or with the user
    filter to who asked for it; quotes go to the two parties alone. "self" as a creator's id means the account.
    """

    def __init__(self, world: World, uniform: Callable[[], float]) -> None:
        self._world = world
        self._defaults = defaults = Defaults(uniform)
        self._completions: dict[str, _Completion] = {
            "fill": defaults.fill,
            "user_order": defaults.user_order,
            "market_position": defaults.market_position,
            "rfq_created": bind(defaults.rfq, at="created_ts"),
            "rfq_deleted": bind(defaults.rfq, at="deleted_ts"),
            "quote_created": bind(defaults.offer, accepted=False),
            "quote_accepted": bind(defaults.offer, accepted=True),
            "quote_executed": defaults.execution,
        }

    def send(self, body: bytes, now: Now) -> dict[str, Any]:
        """Say all messages of a body, or none of them if one is wrong; raises BadPrivate."""
        said = [self._complete(wanted, now.ts) for wanted in _read(body)]
        for _, msg, _ in said:
            self._world.ledger.note(msg, now.ts)
        return {
            "sent": [
                {"type": kind, "msg": msgspec.to_builtins(msg), "subscriptions": self.tell(kind, msg, market)}
                for kind, msg, market in said
            ]
        }

    def tell(self, kind: str, msg: Msg, market: Market | None) -> int:
        """Tell a complete message and return how many subscriptions heard it."""
        encoded = msgspec.json.encode(msg)
        listeners = list(self._listeners(kind, msg, market))
        for subscription in listeners:
            subscription.say(kind, encoded)
        return len(listeners)

    def _listeners(self, kind: str, msg: Msg, market: Market | None) -> Iterable[Subscription]:
        channel = CHANNEL_OF[kind]
        if market is None or channel is Channel.ORDER_GROUPS:
            return self._world.everywhere[channel]
        if channel is not Channel.COMMUNICATIONS:
            return self._world.hearing(channel, market)
        everybody = self._world.everywhere[channel]
        is_own = OWN_ID in {getattr(msg, creator, None) for creator in _CREATORS}
        if kind.startswith("quote_") and not is_own:
            return ()
        return [known for known in everybody if _in_shard(known, market.ticker) and (is_own or not known.own_only)]

    def _complete(self, wanted: _Wanted, ts: int) -> _Said:
        kind = wanted.type
        if kind not in TYPES:
            raise BadPrivate(f"There is no private message {kind!r}; there are {', '.join(TYPES)}.")
        own = {creator: OWN_ID for creator in _CREATORS if wanted.msg.get(creator) == "self"}
        given: Members = msgspec.to_builtins(_converted(kind, wanted.msg | own, _PARTIAL[kind]))
        if kind == "order_group_updates":
            market, known = None, self._defaults.order_group(given, ts)
        else:
            market = self._market(kind, given)
            known = self._completions[kind](given, market, ts)
        return _Said(kind, _converted(kind, known | given, TYPES[kind]), market)

    def _market(self, kind: str, given: Members) -> Market:
        member = "ticker" if kind == "user_order" else "market_ticker"
        if member not in given:
            raise BadPrivate(f"A {kind} is about a market: give its {member}.")
        market = self._world.markets.get(given[member])
        if market is None:
            raise BadPrivate(f"There is no market {given[member]!r}; GET /trade-api/v2/markets lists them.")
        return market


def _read(body: bytes) -> list[_Wanted]:
    try:
        wanted = _DECODER.decode(body)
    except UNREADABLE as error:
        form = '{"type": "fill", "msg": {"market_ticker": …}}'
        raise BadPrivate(f"The body was not understood: {error}. It is {form}, or a list of such.") from error
    found = wanted if isinstance(wanted, list) else [wanted]
    if len(found) > MOST:
        raise BadPrivate(f"{len(found)} messages are too many at once: send at most {MOST}.")
    return found


def _converted(kind: str, msg: Members, type_: type[_M]) -> _M:
    try:
        return msgspec.convert(msg, type_)
    except msgspec.ValidationError as error:
        known = ", ".join(type_.__struct_fields__)
        raise BadPrivate(f"The {kind} was not understood: {error}. Its members are {known}.") from error


def _in_shard(subscription: Subscription, ticker: str) -> bool:
    factor, key = subscription.shard
    return number(ticker, factor) == key
