/** The selected market: wants its book and trades, and draws its head, ladder and price line. */

import { touch } from "./book.js";
import { PriceChart } from "./chart.js";
import { byId, setData, setHidden, setText } from "./dom.js";
import { age, cents, stateWords } from "./format.js";
import { History } from "./history.js";
import { Ladder } from "./ladder.js";

const CHANNELS = ["book", "trade"];
const KEPT_TRADES = 500;

export class SelectedMarket {
  ticker = null;

  #client;
  #markets;
  #ladder = new Ladder();
  #chart = new PriceChart();
  #trades = [];
  /** For a market that is not listed, as a link may name one. */
  #ownHistory = new History();
  #changedAt = null;
  #ladderDue = false;
  #lineDue = false;

  constructor(client, markets) {
    this.#client = client;
    this.#markets = markets;
  }

  /** Shows another market; null shows none. */
  open(ticker) {
    if (ticker === this.ticker) return;
    for (const channel of CHANNELS) {
      if (this.ticker !== null) this.#client.unsubscribe(channel, [this.ticker]);
      if (ticker !== null) this.#client.subscribe(channel, [ticker]);
    }
    this.ticker = ticker;
    this.#trades = [];
    this.#ownHistory = new History();
    this.#changedAt = null;
    this.stateChanged();
    this.timePassed();
  }

  /** Takes the time at which its book changed or was marked. */
  bookChanged(now) {
    if (this.#client.books.get(this.ticker).status === "live") this.#changedAt = now;
    this.stateChanged();
  }

  /** Draws the ladder with the next frame. */
  stateChanged() {
    this.#ladderDue = true;
  }

  /** Draws the price line with the next frame. */
  timePassed() {
    this.#lineDue = true;
  }

  /** Takes a trade, which the relay may tell more than once. */
  traded({ trade_id: id, yes_price: price, taker_side: takerSide }, now) {
    if (this.#trades.some((trade) => trade.id === id)) return;
    this.#trades.push({ id, at: now, price, takerSide });
    if (this.#trades.length > KEPT_TRADES) this.#trades.shift();
  }

  draw(now) {
    setData(byId("main"), "view", this.ticker === null ? "list" : "market");
    setHidden(byId("no-selection"), this.ticker !== null);
    if (this.ticker === null) return;
    if (this.#ladderDue) this.#drawLadder();
    if (this.#lineDue) this.#drawLine(now);
  }

  /** Returns the title of the window. */
  title() {
    if (this.ticker === null) return "kalshi-fanout";
    if (!this.#isLive()) return `stale · ${this.ticker}`;
    const { bid, ask } = this.#touch();
    return `${cents(bid)} / ${cents(ask)} · ${this.ticker}`;
  }

  #drawLadder() {
    const state = this.#client.state(this.ticker);
    setText(byId("market-ticker"), this.ticker);
    setText(byId("market-state"), stateWords(state));
    setData(byId("market"), "status", state.status);
    this.#ladder.draw(this.#client.books.get(this.ticker), state, this.#client.refusal("book", this.ticker));
    this.#ladderDue = false;
  }

  #drawLine(now) {
    const history = this.#markets.get(this.ticker)?.history ?? this.#ownHistory;
    // What was known of a market goes on until its first snapshot: asking for the book is no gap.
    const { bid, ask } = this.#touch();
    if (this.#isLive()) history.add(now, bid, ask);
    else if (this.#client.state(this.ticker).reason !== "waiting") history.add(now, null, null);
    this.#chart.draw(history, this.#trades, now);
    const changed = this.#changedAt;
    setText(byId("market-age"), changed === null ? "" : `changed ${age(now - changed)} ago`);
    this.#lineDue = false;
  }

  #isLive() {
    return this.#client.state(this.ticker).status === "live";
  }

  #touch() {
    return touch(this.#client.books.get(this.ticker));
  }
}
