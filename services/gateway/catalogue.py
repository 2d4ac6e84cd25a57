"""What the bucket of the catalog says of a market, as far as the gateway cares."""

from collections.abc import Mapping

import msgspec

from proto.reading import UNREADABLE
from proto.subjects import unescape
from services.gateway.universe import Universe
from shared.market.counts import Counts

SETTLED = frozenset({"finalized", "settled"})


class _Listed(msgspec.Struct):
    """The members of `ListedMarket` that are read here."""

    ticker: str
    status: str
    followed: bool


_listed = msgspec.json.Decoder(_Listed)


def take(universe: Universe, counts: Counts, values: Mapping[str, bytes | None], *, whole: bool, at: float) -> None:
    """Tell the universe what the bucket holds, or what changed there; counts what is not let in or not understood."""
    if whole:
        universe.doubt_catalog(at)
    for key, value in values.items():
        if value is None:
            universe.uncatalogue(unescape(key))
            continue
        try:
            market = _listed.decode(value)
        except UNREADABLE:
            counts.add("unreadable_values")
            continue
        if market.followed and not universe.takes(market.ticker):
            counts.add("rejected", "catalog")
        universe.catalogue(market.ticker, followed=market.followed, settled=market.status in SETTLED)
