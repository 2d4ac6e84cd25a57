/** The header, the banner and the empty list: whether the page can be trusted at all, and what to do. */

import { byId, setData, setHidden, setText } from "./dom.js";

const number = new Intl.NumberFormat("en-US");

export class Status {
  #link = byId("link");
  #lag = byId("lag");
  #markets = byId("tally-markets");
  #stale = byId("tally-stale");
  #banner = byId("banner");
  #title = byId("banner-title");
  #text = byId("banner-text");
  #countdown = byId("countdown");
  #retry = byId("retry");
  #empty = byId("no-markets");
  #emptyTitle = byId("no-markets-title");
  #emptyText = byId("no-markets-text");
  /** A first connection in the making is no loss. */
  #everTried = false;

  constructor(retry) {
    this.#retry.addEventListener("click", retry);
  }

  /** Draws the client's connection and doubt; `facts` are {markets, stale, listed, failure, problem}. */
  draw(connection, doubt, facts) {
    this.#everTried ||= connection.phase !== "connecting";
    this.#drawHeader(connection, doubt, facts);
    this.#drawBanner(connection, bannerWords(connection, doubt, this.#everTried, facts.problem));
    const empty = facts.markets === 0;
    setHidden(this.#empty, !empty);
    if (!empty) return;
    const { title, text } = emptyWords(doubt, facts);
    setText(this.#emptyTitle, title);
    setText(this.#emptyText, text);
  }

  #drawHeader({ phase, lagMs }, doubt, { markets, stale }) {
    setText(this.#link, linkWords(phase, doubt, this.#everTried));
    setData(this.#link, "phase", phase);
    setData(this.#link, "doubt", doubt);
    setText(this.#lag, lagMs === null ? "" : `lag ${number.format(Math.round(lagMs))} ms`);
    const words = markets === 1 ? "1 market" : `${number.format(markets)} markets`;
    setText(this.#markets, markets === 0 ? "" : words);
    setText(this.#stale, stale === 0 ? "" : `${number.format(stale)} stale`);
  }

  #drawBanner({ phase, retryAt }, words) {
    setHidden(this.#banner, words === null);
    if (words === null) return;
    setData(this.#banner, "kind", words.kind);
    setText(this.#title, words.title);
    setText(this.#text, words.text);
    setText(this.#countdown, countdownWords(phase, retryAt));
    setHidden(this.#retry, phase === "connecting" || phase === "open");
  }
}

function linkWords(phase, doubt, everTried) {
  if (doubt === "feed_lost") return "feed lost";
  if (doubt === "conflated") return "too slow";
  if (phase === "open") return "connected";
  return everTried ? "disconnected" : "connecting";
}

function bannerWords({ phase, cause }, doubt, everTried, problem) {
  if (phase === "stopped") {
    return {
      kind: "lost",
      title: "The relay refused the connection.",
      text: `${sentence(cause)} Every market is stale.`,
    };
  }
  if (doubt === "connection_lost") {
    if (!everTried) return null;
    return {
      kind: "lost",
      title: "Connection to the relay lost.",
      text: `${sentence(cause)} Every market is stale.`,
    };
  }
  if (doubt === "feed_lost") {
    const text =
      "It hears no gateway, so every market is stale until it does. Check that the gateway is running.";
    return { kind: "feed", title: "The relay has lost the feed.", text };
  }
  if (doubt === "conflated") {
    const text = "The relay leaves changes out, so every market is stale until this page has caught up.";
    return { kind: "feed", title: "This connection is too slow.", text };
  }
  return problem === null
    ? null
    : { kind: "problem", title: "The relay reports a problem.", text: problem.text };
}

function countdownWords(phase, retryAt) {
  if (retryAt !== null) return `Retrying in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s`;
  return phase === "connecting" ? "Connecting…" : "";
}

function emptyWords(doubt, { listed, failure }) {
  if (doubt === "connection_lost")
    return { title: "No markets", text: "They appear here once the relay answers." };
  if (failure !== null)
    return { title: "No list of markets", text: `${failure}. The page asks again every 10 seconds.` };
  if (!listed) return { title: "Asking for the markets…", text: "" };
  return {
    title: "No markets yet",
    text:
      "The relay is up, but no market is followed. Name some in the gateway's MARKET_TICKERS. " +
      "The page asks again every 10 seconds.",
  };
}

function sentence(words) {
  return words ? `${words[0].toUpperCase()}${words.slice(1)}.` : "";
}
