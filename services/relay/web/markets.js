/** The list of markets: filter, order, cursor, and the rows that are in sight. */

import { byId, make, setData, setHidden, setText } from "./dom.js";
import { age, cents, stateWords } from "./format.js";
import { arrange } from "./watchlist.js";

const OVERSCAN_ROWS = 4;
const PAGE_ROWS = 10;
/** Order and filter follow moving values this often, so that rows can be read before they move. */
const REORDER_MS = 1_000;

export class MarketList {
  selected = null;

  #markets;
  #view;
  #open;
  #list = byId("list");
  #canvas = byId("rows");
  #filter = byId("filter");
  #nothing = byId("no-match");
  #sort = { key: "ticker", descending: false };
  #order = [];
  #orderedAt = -Infinity;
  #cursor = null;
  #rows = new Map();
  #spare = [];
  #height = 0;

  /** `view(market)` tells {status, reason, bid, ask}, `open(ticker)` opens one, `changed` wants a frame. */
  constructor(markets, { view, open, changed }) {
    this.#markets = markets;
    this.#view = view;
    this.#open = open;
    this.#list.addEventListener("scroll", changed, { passive: true });
    this.#list.addEventListener("click", ({ target }) => this.#clicked(target.closest("[data-ticker]")));
    this.#filter.addEventListener("input", () => {
      this.#list.scrollTop = 0;
      this.reorder();
      changed();
    });
    for (const button of document.querySelectorAll("[data-sort]")) {
      button.addEventListener("click", () => {
        this.#sortBy(button.dataset.sort);
        changed();
      });
    }
    this.#list.addEventListener("focus", () => {
      if (this.#cursor === null) this.move(0);
      changed();
    });
    new ResizeObserver(() => {
      this.#height = this.#list.clientHeight;
      changed();
    }).observe(this.#list);
    this.#markSort();
  }

  /** Orders the list anew in the next frame. */
  reorder() {
    this.#orderedAt = -Infinity;
  }

  /** Selects a market, as the address of the page does. */
  select(ticker) {
    this.selected = ticker;
    this.#cursor = ticker;
  }

  /** Moves the cursor by so many rows. */
  move(rows) {
    const here = this.#order.findIndex((market) => market.ticker === this.#cursor);
    const to = here < 0 ? 0 : Math.min(this.#order.length - 1, Math.max(0, here + rows));
    if (this.#order.length === 0) return;
    this.#cursor = this.#order[to].ticker;
    this.#bringIntoSight(to);
  }

  page(direction) {
    this.move(direction * PAGE_ROWS);
  }

  /** Opens the market under the cursor; without one in the list, the first. */
  choose() {
    const market = this.#order.find(({ ticker }) => ticker === this.#cursor) ?? this.#order[0];
    if (market !== undefined) this.#open(market.ticker);
  }

  focus() {
    this.#list.focus({ preventScroll: true });
  }

  /** Draws the rows in sight; `now` is the relay's clock. */
  draw(now) {
    this.#reorderIfDue(now);
    const rowHeight = this.#rowHeight();
    const first = Math.max(0, Math.floor(this.#list.scrollTop / rowHeight) - OVERSCAN_ROWS);
    const count = Math.ceil(this.#height / rowHeight) + 2 * OVERSCAN_ROWS;
    const visible = this.#order.slice(first, first + count);
    const tickers = new Set(visible.map((market) => market.ticker));
    // A row that went out of sight becomes the next that comes into it, without leaving the page.
    for (const ticker of this.#rows.keys()) if (!tickers.has(ticker)) this.#spareRow(ticker);
    visible.forEach((market, offset) => this.#drawRow(market, first + offset, rowHeight, now));
    for (const row of this.#spare.splice(0)) row.element.remove();
    this.#markCursor();
  }

  #reorderIfDue(now) {
    if (Math.abs(now - this.#orderedAt) < REORDER_MS) return;
    this.#orderedAt = now;
    const filter = this.#filter.value.trim();
    this.#order = arrange(this.#markets.values(), filter, this.#sort, (market) => this.#view(market).status);
    this.#canvas.style.height = `${this.#order.length * this.#rowHeight()}px`;
    const nothing = this.#order.length === 0 && this.#markets.size > 0;
    setHidden(this.#nothing, !nothing);
    if (nothing) setText(this.#nothing, `No market matches “${filter}”. Escape clears the filter.`);
  }

  #rowHeight() {
    return parseFloat(getComputedStyle(this.#canvas).getPropertyValue("--row-height"));
  }

  #drawRow(market, index, rowHeight, now) {
    const row = this.#rows.get(market.ticker) ?? this.#newRow(market.ticker);
    const { status, reason, bid, ask } = this.#view(market);
    const { element } = row;
    const top = index * rowHeight;
    if (row.top !== top) {
      row.top = top;
      element.style.transform = `translateY(${top}px)`;
    }
    if (row.index !== index || row.total !== this.#order.length) {
      row.index = index;
      row.total = this.#order.length;
      element.id = `market-${index}`;
      element.setAttribute("aria-posinset", index + 1);
      element.setAttribute("aria-setsize", row.total);
    }
    const selected = String(market.ticker === this.selected);
    if (element.getAttribute("aria-selected") !== selected) element.setAttribute("aria-selected", selected);
    setData(element, "status", status);
    setData(element, "reason", reason);
    setText(row.bid, cents(bid));
    setText(row.ask, cents(ask));
    setText(row.age, market.changedAt === null ? "" : age(now - market.changedAt));
    setText(row.state, status);
    const words = stateWords({ status, reason });
    if (row.state.title !== words) row.state.title = words;
  }

  #newRow(ticker) {
    const row = this.#spare.pop() ?? this.#addRow();
    const tail = ticker.lastIndexOf("-");
    setText(row.head, tail < 0 ? "" : ticker.slice(0, tail));
    setText(row.tail, ticker.slice(Math.max(0, tail)));
    row.name.title = ticker;
    row.element.dataset.ticker = ticker;
    this.#rows.set(ticker, row);
    return row;
  }

  #addRow() {
    const row = makeRow();
    this.#canvas.append(row.element);
    return row;
  }

  #spareRow(ticker) {
    this.#spare.push(this.#rows.get(ticker));
    this.#rows.delete(ticker);
  }

  #markCursor() {
    const row = this.#rows.get(this.#cursor);
    for (const [ticker, { element }] of this.#rows)
      element.classList.toggle("cursor", ticker === this.#cursor);
    if (row === undefined) this.#list.removeAttribute("aria-activedescendant");
    else this.#list.setAttribute("aria-activedescendant", row.element.id);
  }

  #bringIntoSight(index) {
    const rowHeight = this.#rowHeight();
    const top = index * rowHeight;
    const { scrollTop } = this.#list;
    if (top < scrollTop) this.#list.scrollTop = top;
    else if (top + rowHeight > scrollTop + this.#height)
      this.#list.scrollTop = top + rowHeight - this.#height;
  }

  #clicked(element) {
    if (element !== null) this.#open(element.dataset.ticker);
  }

  #sortBy(key) {
    // A new key starts with what is most often asked for: names from A, high prices, the latest change.
    this.#sort = { key, descending: this.#sort.key === key ? !this.#sort.descending : key !== "ticker" };
    this.#markSort();
    this.#list.scrollTop = 0;
    this.reorder();
  }

  #markSort() {
    for (const button of document.querySelectorAll("[data-sort]")) {
      const { key, descending } = this.#sort;
      const chosen = button.dataset.sort === key;
      button.setAttribute("aria-pressed", chosen);
      setData(button, "direction", chosen ? (descending ? "descending" : "ascending") : null);
    }
  }
}

function makeRow() {
  const [head, tail] = [make("span", "head"), make("span", "tail")];
  const [bid, ask] = [make("span", "bid"), make("span", "ask")];
  const [when, state] = [make("span", "age"), make("span", "state")];
  const name = make("span", "name", "", head, tail, state);
  const element = make("div", "market-row", "option", name, bid, ask, when);
  return { element, head, tail, name, bid, ask, age: when, state, top: null, index: null, total: null };
}
