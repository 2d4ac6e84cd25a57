"""Short markets by the clock, one after the other, like the exchange's 15-minute crypto series: only time decides."""

from datetime import datetime
from math import sin

from proto.units import CONTRACT, SECOND
from services.simulator.universe.dates import text_date, ticker_date
from services.simulator.world.digest import number
from services.simulator.world.listing import Event, Listing, Opening, Series, market_id
from shared.kalshi.hours import new_york

_SERIES = Series(
    ticker="KXBTC15M", title="Bitcoin price up down", category="Crypto", tags=("BTC",), frequency="fifteen_min"
)
_SHARD = 2
_MINUTE = 60 * SECOND
_WEEK = 7 * 24 * 60 * _MINUTE
_LONGEST_SETTLEMENT_S = 60
_CENT = 100


class Rounds:
    """Rounds are numbered by time: round n opens n lengths after 1970, when the one before closes."""

    def __init__(self, length_s: float = 900) -> None:
        self.length = round(length_s * SECOND)
        self.series = _SERIES

    def current(self, now_ts: int) -> range:
        """Return the rounds that exist: the open one, and the next, which is listed meanwhile."""
        open_round = now_ts // self.length
        return range(open_round, open_round + 2)

    def listing(self, round_number: int) -> tuple[Event, Listing]:
        """Return a round's event and its only market."""
        open_ts = round_number * self.length
        close_ts = open_ts + self.length
        moment = new_york(close_ts)
        part = self._part(moment)
        event_ticker = f"{_SERIES.ticker}-{ticker_date(moment)}{moment.hour:02}{part}"
        market = self._market(f"{event_ticker}-{part}", event_ticker, open_ts, _target(round_number))
        event = Event(
            ticker=event_ticker,
            series_ticker=_SERIES.ticker,
            title=market.title,
            sub_title=_clock(close_ts),
            mutually_exclusive=False,
            exchange_index=_SHARD,
            strike_ts=close_ts,
        )
        return event, market

    def _market(self, ticker: str, event_ticker: str, open_ts: int, target: float) -> Listing:
        close_ts = open_ts + self.length
        goal = f"Target Price: ${target:,.2f}"
        return Listing(
            ticker=ticker,
            market_id=market_id(ticker),
            event_ticker=event_ticker,
            series_ticker=_SERIES.ticker,
            title=f"BTC price up in next {self._duration()}?",
            yes_sub_title=goal,
            no_sub_title=goal,
            rules_primary=_rules(open_ts, close_ts),
            price_level_structure="tapered_deci_cent",
            created_ts=open_ts - self.length,
            open_ts=open_ts,
            close_ts=close_ts,
            expected_expiration_ts=close_ts + min(5 * _MINUTE, self.length),
            latest_expiration_ts=close_ts + _WEEK,
            settlement_timer_seconds=max(min(_LONGEST_SETTLEMENT_S, self.length // (5 * SECOND)), 1),
            strike_type="greater_or_equal",
            floor_strike=target,
            custom_strike={"round_digits": "2"},
            exchange_index=_SHARD,
            opening=_opening(ticker),
        )

    def _duration(self) -> str:
        minutes, rest = divmod(self.length, _MINUTE)
        return f"{self.length / SECOND:g} secs" if rest else f"{minutes} mins"

    def _part(self, moment: datetime) -> str:
        """Return what follows the hour in a ticker: minutes, and whatever more tells this round from all others."""
        part = f"{moment.minute:02}"
        if self.length % _MINUTE:
            part += f"{moment.second:02}"
        if self.length % SECOND:
            part += f"{moment.microsecond:06}"
        return part + "00" * moment.fold


def _target(round_number: int) -> float:
    """Return a price that wanders, and that only the number of the round decides."""
    return round(64_000 + 2_000 * sin(round_number / 96) + number(f"target of round {round_number}", 10_000) / 100, 2)


def _opening(ticker: str) -> Opening:
    bid = (47 + number(f"bid of {ticker}", 6)) * _CENT
    return Opening(
        yes_bid=bid,
        yes_bid_quantity=(100 + number(f"size of the bid of {ticker}", 900)) * CONTRACT,
        yes_ask=bid + (1 + number(f"spread of {ticker}", 2)) * _CENT,
        yes_ask_quantity=(100 + number(f"size of the ask of {ticker}", 900)) * CONTRACT,
    )


def _rules(open_ts: int, close_ts: int) -> str:
    average = "the simple average of the sixty seconds of CF Benchmarks' BRTI before"
    return f"If {average} {_clock(close_ts)} is at least {average} {_clock(open_ts)}, then the market resolves to Yes."


def _clock(ts: int) -> str:
    moment = new_york(ts)
    seconds = f":{moment.second:02}" if moment.second else ""
    half = "PM" if moment.hour >= 12 else "AM"
    hour = (moment.hour - 1) % 12 + 1
    return f"{hour}:{moment.minute:02}{seconds} {half} {moment.tzname()} on {text_date(moment)}"
