/** Best bid and ask of one market over the last minutes. Pure: time is an argument, in milliseconds. */

export const HISTORY_MS = 300_000;
const SLACK = 512;

export class History {
  times = [];
  bids = [];
  asks = [];
  #bound = SLACK;

  /** Adds a point if it differs from the last one; nulls are a time in which nothing was known. */
  add(time, bid, ask) {
    const last = this.times.length - 1;
    if (last >= 0 && this.bids[last] === bid && this.asks[last] === ask) return;
    // A line that ends is drawn up to its end only if it has a point there.
    const ends = last >= 0 && (hasEnded(this.bids[last], bid) || hasEnded(this.asks[last], ask));
    if (ends) this.#push(time, this.bids[last], this.asks[last]);
    this.#push(time, bid, ask);
    if (this.times.length > this.#bound) this.#forget(time - HISTORY_MS);
  }

  /** Returns columns for a step line from `since` to `until`: the price that stood at `since` comes first. */
  between(since, until) {
    const start = Math.max(0, this.#firstAfter(since) - 1);
    const columns = [this.times, this.bids, this.asks].map((column) => column.slice(start));
    const [times, bids, asks] = columns;
    if (times.length > 0) {
      times[0] = Math.max(times[0], since);
      times.push(Math.max(until, times.at(-1)));
      bids.push(bids.at(-1));
      asks.push(asks.at(-1));
    }
    return columns;
  }

  #push(time, bid, ask) {
    // A clock that was set back must not fold the line.
    this.times.push(Math.max(time, this.times.at(-1) ?? time));
    this.bids.push(bid);
    this.asks.push(ask);
  }

  #forget(before) {
    const start = Math.max(0, this.#firstAfter(before) - 1);
    for (const column of [this.times, this.bids, this.asks]) column.splice(0, start);
    this.#bound = this.times.length + SLACK;
  }

  #firstAfter(time) {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function hasEnded(before, after) {
  return before !== null && after === null;
}
