/**
 * One market's book as one ladder in cents: yes asks above, yes bids below, the spread between them.
 *
 * Every level is shown. A row carries its side, price and quantity as the book has them (`data-side`,
 * `data-price`, `data-qty`; a yes ask is a no bid on its own scale), and the ladder carries which state of
 * the book it shows (`data-ticker`, `data-status`, `data-reason`, `data-epoch`, `data-seq`).
 */

import { DOLLAR, ladder, touch } from "./book.js";
import { byId, make, setData, setText } from "./dom.js";
import { cents, contracts, decimalsOf, reasonWords } from "./format.js";

/** Bars are scaled by the levels next to the touch: orders far away would flatten all others. */
const SCALED_LEVELS = 12;
const FLASH_MS = 700;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Ladder {
  #element = byId("ladder");
  #gap = byId("gap");
  #note = byId("ladder-note");
  #version = byId("ladder-version");
  #halves = { no: new Half(byId("asks"), "no"), yes: new Half(byId("bids"), "yes") };
  #ticker = null;
  /** Decimals of prices and of sizes only ever grow for a market, so that its columns stand still. */
  #decimals = 0;
  #fractional = false;

  /** Draws a book with its {status, reason}; `refusal` is the relay's word if it does not serve the book. */
  draw(book, { status, reason }, refusal) {
    if (book.ticker !== this.#ticker) this.#restart(book.ticker);
    const yes = ladder(book.yes);
    const no = ladder(book.no);
    this.#widen([...yes, ...no]);
    const style = { scale: scaleOf(yes, no), decimals: this.#decimals, fractional: this.#fractional };
    const flash = status === "live" && !calm.matches;
    this.#halves.yes.draw(yes, style, flash);
    this.#halves.no.draw(no, style, flash);
    this.#drawGap(book, status);
    setText(this.#note, status === "live" ? "" : note(book, reason, refusal));
    setText(this.#version, book.epoch === 0 ? "" : `epoch ${book.epoch} · seq ${book.seq}`);
    const facts = { ticker: book.ticker, status, reason, epoch: book.epoch, seq: book.seq };
    for (const [name, value] of Object.entries(facts)) setData(this.#element, name, value);
  }

  #restart(ticker) {
    this.#ticker = ticker;
    this.#decimals = 0;
    this.#fractional = false;
    for (const half of Object.values(this.#halves)) half.clear();
  }

  #widen(levels) {
    for (const [price, quantity] of levels) {
      this.#decimals = Math.max(this.#decimals, decimalsOf(price));
      this.#fractional ||= quantity % 100 !== 0;
    }
  }

  #drawGap(book, status) {
    const { bid, ask } = touch(book);
    const spread = bid === null || ask === null ? null : ask - bid;
    setText(this.#gap, status === "live" ? spreadWords(spread, this.#decimals) : "STALE");
  }
}

class Half {
  #body;
  #side;
  #rows = new Map();

  constructor(body, side) {
    this.#body = body;
    this.#side = side;
  }

  clear() {
    this.#rows.clear();
    this.#body.replaceChildren();
    this.#body.scrollTop = 0;
  }

  draw(levels, style, flash) {
    const appearing = flash && this.#rows.size > 0;
    const prices = new Set(levels.map(([price]) => price));
    for (const [price, row] of this.#rows) {
      if (prices.has(price)) continue;
      row.element.remove();
      this.#rows.delete(price);
    }
    // What is left stands in order, so walking along inserts every new row in its place.
    let next = this.#body.firstElementChild;
    for (const [price, quantity] of levels) {
      let row = this.#rows.get(price);
      if (row === undefined) {
        row = this.#newRow(price);
        this.#body.insertBefore(row.element, next);
      } else {
        next = row.element.nextElementSibling;
      }
      this.#drawRow(row, price, quantity, style, appearing);
    }
  }

  #newRow(price) {
    const row = makeRow(this.#side);
    row.element.dataset.price = price;
    this.#rows.set(price, row);
    return row;
  }

  #drawRow(row, price, quantity, { scale, decimals, fractional }, flash) {
    if (row.decimals !== decimals) {
      row.decimals = decimals;
      row.price.textContent = cents(this.#side === "yes" ? price : DOLLAR - price, decimals);
    }
    if (row.quantity !== quantity || row.fractional !== fractional) {
      if (flash && row.quantity !== quantity) row.flash();
      row.quantity = quantity;
      row.fractional = fractional;
      row.element.dataset.qty = quantity;
      row.number.textContent = contracts(quantity, fractional);
    }
    const share = Math.min(1, quantity / scale);
    if (row.share !== share) {
      row.share = share;
      row.bar.style.transform = `scaleX(${share})`;
    }
  }
}

function makeRow(side) {
  const [bar, number] = [make("span", "bar"), make("span", "number")];
  const size = make("span", "size", "cell", bar, number);
  const price = make("span", "price", "cell");
  const blank = make("span", "blank", "cell");
  const cells = side === "yes" ? [size, price, blank] : [blank, price, size];
  const element = make("div", "level", "row", ...cells);
  element.dataset.side = side;
  let flashing = null;
  const flash = () => {
    flashing ??= size.animate({ backgroundColor: ["var(--flash)", "transparent"] }, { duration: FLASH_MS });
    flashing.currentTime = 0;
    flashing.play();
  };
  return {
    element,
    bar,
    number,
    price,
    flash,
    quantity: null,
    fractional: null,
    decimals: null,
    share: null,
  };
}

function scaleOf(yes, no) {
  const near = [...yes.slice(0, SCALED_LEVELS), ...no.slice(0, SCALED_LEVELS)];
  const largest = Math.max(1, ...near.map(([, quantity]) => quantity));
  // The next round number, so that a bar changes when its size does and hardly ever because of another.
  const magnitude = 10 ** Math.floor(Math.log10(largest));
  return [1, 2, 3, 5, 7, 10].map((step) => step * magnitude).find((step) => step >= largest);
}

function spreadWords(spread, decimals) {
  if (spread === null) return "no spread";
  const [word, size] = spread < 0 ? ["crossed by", -spread] : ["spread", spread];
  return `${word} ${cents(size, decimals)}¢`;
}

function note(book, reason, refusal) {
  if (refusal !== undefined) return `The relay does not serve this book: ${refusal.message}`;
  if (book.epoch === 0) return `No book yet: ${reasonWords(reason)}.`;
  return `Do not trade on these prices: ${reasonWords(reason)}.`;
}
