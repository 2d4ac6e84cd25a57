"""Events and series of the recorded markets: the listing holds markets only, so these words are made from theirs."""

import re
from collections.abc import Mapping, Sequence

from services.simulator.universe.dates import text_date, ticker_day
from services.simulator.world.listing import Event, Listing, Series

_TIE = "Tie"
#: What stands in an outcome's name before the name of the team.
_CONDITION = re.compile(r"^Reg Time: ")
_TAGS = {"afl_team": "Aussie Rules", "esports_competitor": "Esports", "Participant": "Basketball"}
#: By the part of a series ticker between KX and GAME.
_LEAGUES = {
    "NFL": "Pro Football",
    "NCAAF": "College Football",
    "CFL": "Canadian Football",
    "MLB": "Pro Baseball",
    "MLBAS": "Pro Baseball All-Star",
    "MLBFT": "Pro Baseball Futures",
    "NPB": "Japan NPB",
    "KBO": "Korea KBO",
    "LMB": "Mexico LMB",
    "WNBA": "Women's Pro Basketball",
    "NBASUMMER": "Pro Basketball Summer League",
    "BSN": "BSN Puerto Rico Basketball",
    "NZNBL": "New Zealand NBL",
    "VBA": "Vietnam VBA",
    "BIL": "Ballislife 1v1",
    "WC": "World Cup",
    "MLS": "Major League Soccer",
    "USL": "USL Championship",
    "USLCUP": "USL Cup",
    "LIGAMX": "Liga MX",
    "UEL": "Europa League",
    "UECL": "Conference League",
    "KLEAGUE": "Korea K League",
    "CHNSL": "Chinese Super League",
    "ECULP": "Ecuador LigaPro",
    "URYPD": "Uruguay Primera Division",
    "BRASILEIRO": "Brasileiro Serie A",
    "BRASILEIROB": "Brasileiro Serie B",
    "BRASILEIROC": "Brasileiro Serie C",
    "ALLSVENSKAN": "Allsvenskan",
    "ELITESERIEN": "Eliteserien",
    "PLL": "Premier Lacrosse League",
    "LOL": "League of Legends",
    "DOTA2": "Dota 2",
    "VALORANT": "Valorant",
    "OW": "Overwatch",
    "COD": "Call of Duty",
}


def event_of(markets: Sequence[Listing]) -> Event:
    """Return the event whose markets these are."""
    market = markets[0]
    sides = [side for side in markets if _team(side) != _TIE]
    # A title names both teams, home and guest, after it may have asked whether one of them wins.
    sides.sort(key=lambda side: (market.title.rfind(_team(side)), side.ticker))
    return Event(
        ticker=market.event_ticker,
        series_ticker=market.series_ticker,
        title=" vs ".join(_team(side) for side in sides) if len(sides) > 1 else market.title,
        sub_title=_sub_title(market.event_ticker, sides),
        mutually_exclusive=len(markets) > 1,
        exchange_index=market.exchange_index,
    )


def series_of(market: Listing) -> Series:
    """Return the series that a market belongs to."""
    code = market.series_ticker.removeprefix("KX").removesuffix("GAME")
    tag = tag_of(market.custom_strike)
    return Series(
        ticker=market.series_ticker,
        title=f"{_LEAGUES.get(code, code)} Game",
        category="Sports",
        tags=(tag,) if tag else (),
    )


def tag_of(strike: Mapping[str, str] | None) -> str:
    """Return the sport, which the names of a market's strike tell; empty if they do not."""
    name = next(iter(strike or ()), "")
    return _TAGS.get(name, name.partition("_")[0].title())


def _team(market: Listing) -> str:
    return _CONDITION.sub("", market.yes_sub_title)


def _sub_title(event_ticker: str, sides: Sequence[Listing]) -> str:
    day = ticker_day(event_ticker.partition("-")[2][:7])
    teams = " vs ".join(side.ticker.rpartition("-")[2] for side in sides)
    return f"{teams} ({text_date(day).partition(',')[0]})" if day else teams
