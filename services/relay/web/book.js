/**
 * The book of one market, and the rules by which messages change it. Pure: no clock, no socket, no DOM.
 *
 * Prices are integers in 1/10 000 dollar, quantities integers in 1/100 contract. Both sides hold bids on
 * their own scale: a yes ask at p is a no bid at 10 000 - p.
 */

export const DOLLAR = 10_000;

export class Book {
  constructor(ticker) {
    this.ticker = ticker;
    this.epoch = 0;
    this.seq = 0;
    this.status = "stale";
    /** Why it is stale: a word of the bus (`gap`, `paused`, …) or `waiting`, `connection_lost`, `refused`. */
    this.reason = "waiting";
    /** Price to quantity. */
    this.yes = new Map();
    this.no = new Map();
  }

  /** Takes a bus message; returns `changed`, `marked`, `ignored` or `gap`: then ask for the book again. */
  apply(message) {
    switch (message.type) {
      case "snapshot":
        return this.#replace(message);
      case "delta":
        return this.#change(message);
      case "stale":
        return this.mark(message.reason);
      default:
        return "ignored";
    }
  }

  /** Marks the book stale until its next snapshot. */
  mark(reason) {
    this.status = "stale";
    this.reason = reason;
    return "marked";
  }

  #replace({ epoch, seq, yes, no }) {
    // A stale book that is offered an older image is behind for good unless somebody asks again.
    if (epoch < this.epoch || (epoch === this.epoch && seq < this.seq)) {
      return this.status === "live" ? "ignored" : "gap";
    }
    if (![...yes, ...no].every(([price, quantity]) => isPrice(price) && isQuantity(quantity))) {
      return this.#gap();
    }
    this.epoch = epoch;
    this.seq = seq;
    this.status = "live";
    this.reason = null;
    this.yes = new Map(yes);
    this.no = new Map(no);
    return "changed";
  }

  #change({ epoch, seq, side, price, delta }) {
    if (epoch < this.epoch || (epoch === this.epoch && seq <= this.seq)) return "ignored";
    if (this.status !== "live") return "gap";
    if (epoch !== this.epoch || seq !== this.seq + 1) return this.#gap();
    const levels = this[side];
    const quantity = (levels.get(price) ?? 0) + delta;
    if (!isPrice(price) || !isQuantity(quantity)) return this.#gap();
    if (quantity === 0) levels.delete(price);
    else levels.set(price, quantity);
    this.seq = seq;
    return "changed";
  }

  #gap() {
    this.mark("gap");
    return "gap";
  }
}

/** Returns [[price, quantity], …] of one side, best first. */
export function ladder(levels) {
  return [...levels].sort((one, other) => other[0] - one[0]);
}

/** Returns the best prices of a book on the yes scale, null where nobody bids. */
export function touch(book) {
  const yes = best(book.yes);
  const no = best(book.no);
  return { bid: yes, ask: no === null ? null : DOLLAR - no };
}

function best(levels) {
  let highest = null;
  for (const price of levels.keys()) if (highest === null || price > highest) highest = price;
  return highest;
}

function isPrice(value) {
  return Number.isInteger(value) && value >= 0 && value <= DOLLAR;
}

function isQuantity(value) {
  return Number.isSafeInteger(value) && value >= 0;
}
