/**
 * A connection to the relay's `/ws` for any frontend. No DOM.
 *
 *     const client = new RelayClient("ws://127.0.0.1:8080/ws");
 *     client.on("book", (book) => draw(book, client.state(book.ticker)));
 *     client.subscribe("book", ["KXBTCD-26MAR1213-T69499.99"]);
 *     client.connect();
 *
 * Public interface
 *   connect()                      dial, or dial now instead of waiting; keeps reconnecting with full jitter
 *   close()                        hang up and stay so
 *   subscribe(channel, tickers)    want a channel of markets, also after reconnects; wants are counted
 *   unsubscribe(channel, tickers)  end one want of each; a book that nobody wants is dropped
 *   on(kind, listener)             returns a function that ends it
 *   books                          Map ticker → Book (book.js): epoch, seq, status, reason, yes, no
 *   state(ticker)                  {status, reason} of a held book, with the connection taken into account
 *   doubt                          why nothing can be trusted: "connection_lost", "conflated" (too slow to
 *                                  be told every change), "feed_lost" or null
 *   refusal(channel, ticker)       {code, name, message} if the relay refused the pair
 *   connection                     {phase, retryAt, cause, feed, flow, lagMs, session}
 *   serverNow()                    the relay's clock, in milliseconds since 1970
 *
 * Kinds for `on`: "book" (a Book that changed or was marked), every other bus event by its type ("trade",
 * "ticker1s", "top", …), "connection" (the connection object), "refused" ({channel, ticker, code, name,
 * message}) and "problem" (an `error` of the relay that belongs to no subscription).
 */

import { Book } from "./book.js";
import { Subscriptions } from "./subscriptions.js";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 20_000;
const REPAIR_DELAY_MS = 1_000;
const HEARTBEAT_MS = 5_000;
/** A connection without a heartbeat for this many intervals (12 s) is treated as lost. */
const SILENT_INTERVALS = 2.4;
const RETRY_REFUSED_MS = 10_000;
/** What a connection knows before the relay has spoken. */
const UNHEARD = { feed: null, flow: "full", lagMs: null, session: null };
/** Close codes that coming back does not cure: the client's fault, or not allowed in. */
const isFinal = (code) => code >= 4000 && code < 4200;

const closeWords = (code) =>
  code === 1006 ? "the relay went away or does not answer" : `closed with code ${code}`;

/** Full jitter: anywhere between nothing and a bound that doubles with every attempt. */
export function retryDelay(attempt, firstMs, random) {
  return random() * Math.min(LONGEST_DELAY_MS, firstMs * 2 ** attempt);
}

export class RelayClient {
  books = new Map();
  /** phase: "connecting", "open", "waiting" (until retryAt) or "stopped"; cause: why the last one ended. */
  connection = { phase: "stopped", retryAt: null, cause: null, ...UNHEARD };

  #url;
  #random;
  #socket = null;
  #attempt = 0;
  #retryTimer;
  #drainTimer;
  #retryRefusedTimer;
  #silenceTimer;
  #silenceMs = HEARTBEAT_MS * SILENT_INTERVALS;
  #heardAt = 0;
  #heartbeat = null;
  #clockOffsetMs = 0;
  #comeBackAt = null;
  #listeners = new Map();
  #subscriptions = new Subscriptions();
  #repairs = new Map();

  constructor(url, { random = Math.random } = {}) {
    this.#url = url;
    this.#random = random;
  }

  connect() {
    const { phase } = this.connection;
    if (phase === "waiting" || phase === "stopped") this.#dial();
  }

  close() {
    this.#hangUp();
    this.#changed({ phase: "stopped", retryAt: null, cause: "it was closed by this page" });
  }

  subscribe(channel, tickers) {
    const commands = this.#subscriptions.add(channel, tickers);
    if (channel === "book") {
      for (const ticker of tickers) if (!this.books.has(ticker)) this.books.set(ticker, new Book(ticker));
    }
    this.#send(commands);
  }

  unsubscribe(channel, tickers) {
    const commands = this.#subscriptions.remove(channel, tickers);
    if (channel === "book") {
      for (const ticker of tickers) if (!this.#subscriptions.has(channel, ticker)) this.#dropBook(ticker);
    }
    this.#send(commands);
  }

  on(kind, listener) {
    if (!this.#listeners.has(kind)) this.#listeners.set(kind, new Set());
    this.#listeners.get(kind).add(listener);
    return () => this.#listeners.get(kind).delete(listener);
  }

  get doubt() {
    if (this.connection.phase !== "open") return "connection_lost";
    if (this.connection.flow === "conflated") return "conflated";
    return this.connection.feed === "lost" ? "feed_lost" : null;
  }

  state(ticker) {
    const book = this.books.get(ticker);
    const reason = this.doubt ?? (book === undefined ? "unsubscribed" : book.reason);
    return { status: reason === null ? "live" : "stale", reason };
  }

  refusal(channel, ticker) {
    return this.#subscriptions.refusal(channel, ticker);
  }

  serverNow() {
    return Date.now() + this.#clockOffsetMs;
  }

  #dial() {
    clearTimeout(this.#retryTimer);
    const socket = new WebSocket(this.#url);
    socket.onmessage = ({ data }) => this.#received(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#lost(code, reason || closeWords(code));
    this.#socket = socket;
    this.#silenceMs = HEARTBEAT_MS * SILENT_INTERVALS;
    this.#heardAt = Date.now();
    this.#comeBackAt = null;
    this.#silenceTimer = setInterval(() => this.#listenForSilence(), 500);
    this.#changed({ phase: "connecting", retryAt: null });
  }

  #listenForSilence() {
    // The wall clock, because it goes on while the machine sleeps; either way, because it may be set back.
    if (Math.abs(Date.now() - this.#heardAt) < this.#silenceMs) return;
    const seconds = Math.round(this.#silenceMs / 1000);
    const { phase } = this.connection;
    this.#lost(null, phase === "open" ? `no heartbeat for ${seconds} s` : `no answer for ${seconds} s`);
  }

  #lost(code, cause) {
    this.#hangUp();
    if (code !== null && isFinal(code)) {
      this.#changed({ phase: "stopped", retryAt: null, cause });
      return;
    }
    const delay =
      this.#comeBackAt === null
        ? retryDelay(this.#attempt++, FIRST_DELAY_MS, this.#random)
        : Math.max(0, this.#comeBackAt - Date.now());
    this.#retryTimer = setTimeout(() => this.#dial(), delay);
    this.#changed({ phase: "waiting", retryAt: Date.now() + delay, cause });
  }

  #hangUp() {
    const timers = [this.#retryTimer, this.#drainTimer, this.#retryRefusedTimer, ...this.#repairs.values()];
    for (const timer of timers) clearTimeout(timer);
    clearInterval(this.#silenceTimer);
    this.#repairs.clear();
    this.#heartbeat = null;
    if (this.#socket !== null) {
      // A dead peer never answers the close, so nothing is expected of this socket any more.
      this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
      this.#socket = null;
    }
    Object.assign(this.connection, UNHEARD);
    this.#markAll("connection_lost");
  }

  #received(message) {
    switch (message.type) {
      case "hello":
        return this.#greeted(message);
      case "events":
        return message.events.forEach((event) => this.#happened(event));
      case "heartbeat":
        return this.#beaten(message);
      case "ack":
        return this.#acknowledged(this.#subscriptions.acknowledged(message));
      case "error":
        return this.#failed(message);
      case "flow":
        // "full" comes after the snapshots of all books that missed changes.
        return this.#changed({ flow: message.state });
      case "drain":
        return this.#draining(message.reconnect_ms * this.#random());
    }
  }

  #greeted({ session, server_ts, heartbeat_s }) {
    this.#silenceMs = heartbeat_s * 1000 * SILENT_INTERVALS;
    this.#heard(server_ts);
    this.#changed({ phase: "open", cause: null, session });
    this.#markAll("waiting");
    this.#send(this.#subscriptions.restart());
  }

  #beaten({ counter, server_ts, feed, lag_ms }) {
    if (this.#heartbeat !== null && counter !== this.#heartbeat + 1) {
      this.#lost(null, "a heartbeat is missing");
      return;
    }
    this.#heartbeat = counter;
    // Only a connection that has lasted this long proves that dialling again at once is welcome.
    this.#attempt = 0;
    this.#heard(server_ts);
    this.#changed({ feed, lagMs: lag_ms });
  }

  #heard(serverMicros) {
    this.#heardAt = Date.now();
    this.#clockOffsetMs = serverMicros / 1000 - this.#heardAt;
  }

  #markAll(reason) {
    for (const book of this.books.values()) {
      book.mark(reason);
      this.#emit("book", book);
    }
  }

  #happened(event) {
    const { type } = event;
    if (type !== "delta" && type !== "snapshot" && type !== "stale") {
      this.#emit(type, event);
      return;
    }
    const book = this.books.get(event.ticker);
    if (book === undefined) return;
    const verdict = book.apply(event);
    if (verdict === "gap") this.#repair(book.ticker, 0);
    else if (book.status === "live") this.#repaired(book.ticker);
    if (verdict !== "ignored") this.#emit("book", book);
  }

  #repair(ticker, attempt) {
    if (attempt === 0 && this.#repairs.has(ticker)) return;
    const delay = retryDelay(attempt, REPAIR_DELAY_MS, this.#random);
    const timer = setTimeout(() => {
      this.#send(this.#subscriptions.renew("book", ticker));
      this.#repair(ticker, attempt + 1);
    }, delay);
    this.#repairs.set(ticker, timer);
  }

  #repaired(ticker) {
    clearTimeout(this.#repairs.get(ticker));
    this.#repairs.delete(ticker);
  }

  #dropBook(ticker) {
    this.#repaired(ticker);
    this.books.delete(ticker);
  }

  #acknowledged({ granted, refused }) {
    for (const { channel, ticker } of granted) this.#markPair(channel, ticker, "waiting");
    this.#refused(refused);
  }

  #refused(pairs) {
    for (const pair of pairs) {
      this.#markPair(pair.channel, pair.ticker, "refused");
      this.#emit("refused", pair);
    }
    if (pairs.length === 0) return;
    clearTimeout(this.#retryRefusedTimer);
    const delay = RETRY_REFUSED_MS * (0.5 + this.#random());
    this.#retryRefusedTimer = setTimeout(() => this.#send(this.#subscriptions.retry()), delay);
  }

  #markPair(channel, ticker, reason) {
    const book = this.books.get(ticker);
    if (channel !== "book" || book === undefined) return;
    this.#repaired(ticker);
    book.mark(reason);
    this.#emit("book", book);
  }

  #failed(error) {
    const { again, command, refused } = this.#subscriptions.failed(error);
    if (again) {
      const socket = this.#socket;
      const delay = error.retry_after_ms * (1 + this.#random());
      setTimeout(() => socket === this.#socket && this.#send(this.#subscriptions.again(command)), delay);
    } else if (refused.length > 0) {
      this.#refused(refused);
    } else {
      this.#emit("problem", error);
    }
  }

  #draining(delay) {
    this.#comeBackAt = Date.now() + delay;
    this.#drainTimer = setTimeout(() => this.#lost(null, "the relay is restarting"), delay);
  }

  #send(commands) {
    // Before the greeting nothing is sent: the greeting then sends everything that is wanted.
    if (this.connection.phase !== "open") return;
    for (const command of commands) this.#socket.send(JSON.stringify(command));
  }

  #changed(facts) {
    Object.assign(this.connection, facts);
    this.#emit("connection", this.connection);
  }

  #emit(kind, fact) {
    for (const listener of this.#listeners.get(kind) ?? []) listener(fact);
  }
}
