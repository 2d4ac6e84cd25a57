/**
 * Who wants what from the relay, and which commands make it so. Pure: returns the commands to send.
 *
 * Wants are counted, so that two parts of a page may want the same book without knowing of each other.
 */

/** The relay takes at most this many tickers in one command. */
export const TICKERS_PER_COMMAND = 500;

const UNKNOWN_MARKET = 4204;
/** Refusals that need not last: come back later, and a market that may yet be followed. */
const isPassing = (code) => code >= 4400 || code === UNKNOWN_MARKET;

export class Subscriptions {
  #wanted = new Map();
  #unanswered = new Map();
  #refused = new Map();
  #lastId = 0;

  /** Returns the commands for those tickers that nobody wanted before. */
  add(channel, tickers) {
    const counts = this.#channel(channel);
    const fresh = new Set(tickers.filter((ticker) => !counts.has(ticker)));
    for (const ticker of tickers) counts.set(ticker, (counts.get(ticker) ?? 0) + 1);
    return this.#commands("subscribe", channel, [...fresh]);
  }

  /** Returns the commands for those tickers that nobody wants any more. */
  remove(channel, tickers) {
    const counts = this.#channel(channel);
    const ended = [];
    for (const ticker of tickers) {
      const count = counts.get(ticker);
      if (count === undefined) continue;
      if (count > 1) {
        counts.set(ticker, count - 1);
      } else {
        counts.delete(ticker);
        this.#refused.delete(key(channel, ticker));
        ended.push(ticker);
      }
    }
    return this.#commands("unsubscribe", channel, ended);
  }

  has(channel, ticker) {
    return this.#channel(channel).has(ticker);
  }

  /** Returns what the relay said when it refused the pair, or undefined. */
  refusal(channel, ticker) {
    return this.#refused.get(key(channel, ticker));
  }

  /** Returns the commands with which a new connection starts: everything wanted, nothing remembered. */
  restart() {
    this.#unanswered.clear();
    this.#refused.clear();
    return [...this.#wanted].flatMap(([channel, wants]) => this.#commands("subscribe", channel, [...wants.keys()]));
  }

  /** Returns the commands that ask again for what was refused and might be granted now. */
  retry() {
    const pairs = [...this.#refused.values()].filter(({ code }) => isPassing(code));
    const channels = new Set(pairs.map(({ channel }) => channel));
    return [...channels].flatMap((channel) => {
      const tickers = pairs.filter((pair) => pair.channel === channel).map(({ ticker }) => ticker);
      return this.#commands("subscribe", channel, tickers);
    });
  }

  /** Returns the commands that end and begin one subscription, for the snapshot that comes first. */
  renew(channel, ticker) {
    return [
      ...this.#commands("unsubscribe", channel, [ticker]),
      ...this.#commands("subscribe", channel, [ticker]),
    ];
  }

  /** Returns the pairs of an `ack` that are wanted: those `granted` after a refusal, and those `refused`. */
  acknowledged(ack) {
    const command = this.#unanswered.get(ack.id);
    this.#unanswered.delete(ack.id);
    if (command?.cmd !== "subscribe") return { granted: [], refused: [] };
    const granted = ack.accepted.filter(({ channel, ticker }) => this.#refused.delete(key(channel, ticker)));
    return { granted, refused: this.#refuse(ack.refused) };
  }

  /** Returns what follows from an `error`: a command to send again later, or pairs that were refused. */
  failed(error) {
    const command = this.#unanswered.get(error.id);
    this.#unanswered.delete(error.id);
    if (command === undefined) return { again: false, refused: [] };
    if (error.retry_after_ms != null) return { again: true, refused: [], command };
    if (command.cmd !== "subscribe") return { again: false, refused: [] };
    const [channel] = command.params.channels;
    const pairs = command.params.market_tickers.map((ticker) => ({ ...error, channel, ticker }));
    return { again: false, refused: this.#refuse(pairs) };
  }

  /** Returns the commands for a command that failed for now, less what nobody wants any more. */
  again({ cmd, params }) {
    const [channel] = params.channels;
    const subscribing = cmd === "subscribe";
    const tickers = params.market_tickers.filter((ticker) => this.has(channel, ticker) === subscribing);
    return this.#commands(cmd, channel, tickers);
  }

  #refuse(pairs) {
    const wanted = pairs.filter(({ channel, ticker }) => this.has(channel, ticker));
    for (const pair of wanted) this.#refused.set(key(pair.channel, pair.ticker), pair);
    return wanted;
  }

  #channel(channel) {
    if (!this.#wanted.has(channel)) this.#wanted.set(channel, new Map());
    return this.#wanted.get(channel);
  }

  #commands(cmd, channel, tickers) {
    const commands = [];
    for (let start = 0; start < tickers.length; start += TICKERS_PER_COMMAND) {
      const market_tickers = tickers.slice(start, start + TICKERS_PER_COMMAND);
      const command = { id: ++this.#lastId, cmd, params: { channels: [channel], market_tickers } };
      this.#unanswered.set(command.id, command);
      commands.push(command);
    }
    return commands;
  }
}

function key(channel, ticker) {
  return `${channel} ${ticker}`;
}
