/** The markets that the relay follows, with their quotes as last told. Pure. */

import { DOLLAR } from "./book.js";
import { History } from "./history.js";

export class Watchlist {
  /** Ticker → {ticker, status, bid, ask, changedAt, history}; prices on the yes scale, null for none. */
  markets = new Map();

  /** Takes the entries of `/api/markets`; returns the tickers that came and those that went. */
  listed(entries) {
    const tickers = new Set(entries.map((entry) => entry.ticker));
    const gone = [...this.markets.keys()].filter((ticker) => !tickers.has(ticker));
    for (const ticker of gone) this.markets.delete(ticker);
    const came = [];
    for (const { ticker, status } of entries) {
      const market = this.markets.get(ticker);
      if (market === undefined) {
        this.markets.set(ticker, {
          ticker,
          status,
          bid: null,
          ask: null,
          changedAt: null,
          history: new History(),
        });
        came.push(ticker);
      } else {
        market.status = status;
      }
    }
    return { came, gone };
  }

  /** Forgets every quote: what a lost connection last said is not what a new one would say. */
  forget() {
    for (const market of this.markets.values()) {
      Object.assign(market, { status: "stale", bid: null, ask: null, changedAt: null });
    }
  }

  /** Takes a `ticker1s`; returns its market, or undefined for a market that is not listed. */
  summarised({ market_id, status, summary_stats, timestamp }) {
    const market = this.markets.get(market_id);
    if (market === undefined) return undefined;
    market.status = status;
    market.bid = price(summary_stats.yes.bid);
    market.ask = price(summary_stats.yes.ask);
    market.changedAt = timestamp * 1000;
    return market;
  }
}

const ORDERS = {
  ticker: (market) => market.ticker,
  bid: (market) => market.bid,
  ask: (market) => market.ask,
  age: (market) => market.changedAt,
};

/**
 * Returns the markets that match every word of `filter`, by {key, descending}; unknown values come last.
 *
 * A word is a part of the ticker or a status; `statusOf(market)` tells the latter.
 */
export function arrange(markets, filter, { key, descending }, statusOf) {
  const words = filter.toUpperCase().split(/\s+/);
  const value = ORDERS[key];
  const sign = descending ? -1 : 1;
  return [...markets]
    .filter((market) => words.every((word) => matches(market, word, statusOf)))
    .sort((one, other) => compare(value(one), value(other), sign) || compare(one.ticker, other.ticker, 1));
}

function matches(market, word, statusOf) {
  return market.ticker.toUpperCase().includes(word) || statusOf(market).toUpperCase() === word;
}

function compare(one, other, sign) {
  if (one === other) return 0;
  if (one === null) return 1;
  if (other === null) return -1;
  return one < other ? -sign : sign;
}

function price(dollars) {
  return dollars === null ? null : Math.round(dollars * DOLLAR);
}
