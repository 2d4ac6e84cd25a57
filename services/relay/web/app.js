/**
 * The page: joins the relay's client to the views and draws at most once per animation frame.
 *
 * For tests, `window.fanout` has `client` (client.js), `books` (ticker → {epoch, seq, status, reason, yes,
 * no}, levels best first) and `markets` (ticker → {status, reason, bid, ask} as the list shows them).
 */

import { ladder, touch } from "./book.js";
import { RelayClient } from "./client.js";
import { byId } from "./dom.js";
import { handleKeys } from "./keys.js";
import { MarketList } from "./markets.js";
import { SelectedMarket } from "./selected.js";
import { Status } from "./status.js";
import { Watchlist } from "./watchlist.js";

const POLL_MS = 10_000;
const TICK_MS = 250;
const PROBLEM_MS = 20_000;
/** Where style.css puts list and market side by side. */
const BESIDE_THE_LIST = "(min-width: 720px)";

const client = new RelayClient(relayAddress());
const watchlist = new Watchlist();
const list = new MarketList(watchlist.markets, { view: viewOf, open, changed: invalidate });
const selected = new SelectedMarket(client, watchlist.markets);
const status = new Status(() => client.connect());
/** What the header and the empty list speak of, beside the connection. */
const facts = { markets: 0, stale: 0, listed: false, failure: null, problem: null };

let scheduled = false;
let session = null;
let undecided = tickerOfAddress() === null;
let doubt = client.doubt;

function relayAddress() {
  const url = new URL("ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  return url.href;
}

/** Tells {status, reason} of a market: of its book where one is held, else as last told. */
function stateOf(market) {
  if (client.doubt !== null) return { status: "stale", reason: client.doubt };
  const held = client.books.get(market.ticker);
  if (held !== undefined && held.epoch > 0) return client.state(market.ticker);
  if (client.refusal("ticker1s", market.ticker) !== undefined) return { status: "stale", reason: "refused" };
  return { status: market.status, reason: null };
}

/** Tells {status, reason, bid, ask}: a held book is ahead of what the summary says. */
function viewOf(market) {
  const held = client.books.get(market.ticker);
  const { bid, ask } = held !== undefined && held.epoch > 0 ? touch(held) : market;
  return { ...stateOf(market), bid, ask };
}

function remember(market) {
  const live = stateOf(market).status === "live";
  market.history.add(Date.now(), live ? market.bid : null, live ? market.ask : null);
}

client.on("connection", (connection) => {
  if (connection.session !== null && connection.session !== session) {
    watchlist.forget();
    poll();
  }
  session = connection.session;
  if (client.doubt !== doubt) {
    doubt = client.doubt;
    watchlist.markets.forEach(remember);
  }
  stateChanged();
});
client.on("refused", stateChanged);
client.on("ticker1s", (summary) => {
  const known = watchlist.markets.get(summary.market_id)?.changedAt ?? null;
  const market = watchlist.summarised(summary);
  if (market === undefined) return;
  if (known !== null) suggest(market.ticker);
  // While anybody looks, the selected market's line is drawn from its book, which is ahead of the summary.
  if (market.ticker !== selected.ticker || document.hidden) remember(market);
  invalidate();
});
client.on("book", ({ ticker }) => {
  if (ticker !== selected.ticker) return;
  selected.bookChanged(Date.now());
  invalidate();
});
client.on("trade", (trade) => {
  if (trade.ticker === selected.ticker) selected.traded(trade, Date.now());
});
client.on("problem", ({ message, code }) => {
  facts.problem = { text: `${message} (${code})`, until: Date.now() + PROBLEM_MS };
  invalidate();
});

async function poll() {
  try {
    const response = await fetch("api/markets", { cache: "no-store", signal: AbortSignal.timeout(POLL_MS) });
    if (!response.ok) throw new Error(`The relay answered ${response.status}`);
    const { came, gone } = watchlist.listed((await response.json()).markets);
    client.subscribe("ticker1s", came);
    client.unsubscribe("ticker1s", gone);
    if (came.length + gone.length > 0) list.reorder();
    Object.assign(facts, { listed: true, failure: null });
    count();
  } catch (error) {
    facts.failure = error.message;
  }
  invalidate();
}

function open(ticker) {
  location.hash = encodeURIComponent(ticker);
}

/** Opens the first market that moves, once, where there is room beside the list and nobody has chosen yet. */
function suggest(ticker) {
  if (!undecided || !matchMedia(BESIDE_THE_LIST).matches) return;
  history.replaceState(null, "", `#${encodeURIComponent(ticker)}`);
  followAddress();
}

function tickerOfAddress() {
  const hash = location.hash.slice(1);
  try {
    return decodeURIComponent(hash) || null;
  } catch {
    return hash;
  }
}

function followAddress() {
  const ticker = tickerOfAddress();
  undecided &&= ticker === null;
  selected.open(ticker);
  list.select(ticker);
  invalidate();
}

function stateChanged() {
  selected.stateChanged();
  invalidate();
}

function invalidate() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(draw);
}

function draw() {
  scheduled = false;
  status.draw(client.connection, client.doubt, facts);
  list.draw(client.serverNow());
  selected.draw(Date.now());
}

function count() {
  const states = [...watchlist.markets.values()].map((market) => stateOf(market).status);
  facts.markets = states.length;
  facts.stale = states.filter((state) => state === "stale").length;
}

function tick() {
  count();
  if (facts.problem !== null && Date.now() > facts.problem.until) facts.problem = null;
  selected.timePassed();
  invalidate();
  const title = selected.title();
  if (document.title !== title) document.title = title;
}

window.fanout = {
  client,
  get books() {
    const books = [...client.books.values()].map(({ ticker, epoch, seq, yes, no }) => {
      return [ticker, { epoch, seq, ...client.state(ticker), yes: ladder(yes), no: ladder(no) }];
    });
    return Object.fromEntries(books);
  },
  get markets() {
    const markets = [...watchlist.markets.values()].map((market) => [market.ticker, viewOf(market)]);
    return Object.fromEntries(markets);
  },
};

handleKeys(list, byId("filter"), { close: () => open(""), changed: invalidate });
addEventListener("hashchange", followAddress);
addEventListener("online", () => client.connect());
setInterval(poll, POLL_MS);
setInterval(tick, TICK_MS);
followAddress();
client.connect();
