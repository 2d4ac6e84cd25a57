/** The price line: best bid, best ask and mid of one market as they arrived, and its trades as points. */

import { byId, setText } from "./dom.js";
import { cents, timeOfDay } from "./format.js";
import { HISTORY_MS } from "./history.js";
import uPlot from "./vendor/uplot/uPlot.esm.js";

const SHORTEST_SPAN_MS = 30_000;
const NARROWEST_RANGE_CENTS = 1;
const PRICE_STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];
const stepped = uPlot.paths.stepped({ align: 1 });

export class PriceChart {
  #element = byId("chart");
  #readout = {
    bid: byId("chart-bid"),
    mid: byId("chart-mid"),
    ask: byId("chart-ask"),
    time: byId("chart-time"),
  };
  #plot;
  #colours = {};
  #trades = [];

  constructor() {
    this.#readColours();
    this.#plot = new uPlot(this.#options(), [[], [], [], []], this.#element);
    new ResizeObserver(() => this.#resize()).observe(this.#element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#readColours();
      this.#plot.redraw();
    });
  }

  /** Draws what happened up to `now`. */
  draw(history, trades, now) {
    this.#trades = trades;
    const begun = history.times.length > 0 ? history.times[0] : now;
    const since = now - Math.min(HISTORY_MS, Math.max(SHORTEST_SPAN_MS, now - begun));
    const [times, bids, asks] = history.between(since, now);
    const mids = bids.map((bid, index) => mid(bid, asks[index]));
    const columns = [times.map((time) => time / 1000), inCents(bids), inCents(mids), inCents(asks)];
    this.#plot.batch(() => {
      this.#plot.setData(columns, false);
      this.#plot.setScale("x", { min: since / 1000, max: now / 1000 });
    });
    this.#read();
  }

  #options() {
    const axis = { stroke: () => this.#colours.dim, font: this.#font(), ticks: { show: false } };
    const grid = { stroke: () => this.#colours.line, width: 1 };
    const line = (colour, more) => ({
      stroke: () => this.#colours[colour],
      paths: stepped,
      points: { show: false },
      ...more,
    });
    return {
      width: 300,
      height: 200,
      padding: [12, 0, 0, 28],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: true, auto: false }, y: { range: (_, low, high) => range(low, high) } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 30,
          space: 80,
          values: (_, times) => times.map((time) => timeOfDay(time * 1000)),
        },
        {
          ...axis,
          grid,
          side: 1,
          size: 52,
          space: (_, _axis, _low, _high, height) => (height > 300 ? 48 : 26),
          incrs: PRICE_STEPS,
          values: (_, values) => values.map((value) => `${+value.toFixed(2)}¢`),
        },
      ],
      series: [
        {},
        line("bid", { width: 1.5 }),
        line("dim", { width: 1, dash: [3, 3] }),
        line("ask", { width: 1.5 }),
      ],
      hooks: { setCursor: [() => this.#read()], draw: [(plot) => this.#drawTrades(plot)] },
    };
  }

  #drawTrades(plot) {
    const { ctx, bbox } = plot;
    const { min, max } = plot.scales.x;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { at, price, takerSide } of this.#trades) {
      if (at / 1000 < min || at / 1000 > max) continue;
      ctx.beginPath();
      const [x, y] = [plot.valToPos(at / 1000, "x", true), plot.valToPos(price / 100, "y", true)];
      ctx.arc(x, y, 3 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fillStyle = takerSide === "yes" ? this.#colours.bid : this.#colours.ask;
      ctx.strokeStyle = this.#colours.surface;
      ctx.lineWidth = devicePixelRatio;
      ctx.fill();
      ctx.stroke();
    }
    ctx.restore();
  }

  /** Tells the values under the cursor, or the latest. */
  #read() {
    const [times, bids, mids, asks] = this.#plot.data;
    const index = this.#plot.cursor.idx ?? times.length - 1;
    const tell = (value) => (value == null ? "–" : `${cents(Math.round(value * 100))}¢`);
    setText(this.#readout.bid, tell(bids[index]));
    setText(this.#readout.mid, tell(mids[index]));
    setText(this.#readout.ask, tell(asks[index]));
    setText(this.#readout.time, this.#plot.cursor.idx == null ? "" : timeOfDay(times[index] * 1000));
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#element;
    if (width > 0 && height > 0) this.#plot.setSize({ width, height });
  }

  #readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["bid", "ask", "dim", "line", "surface"]) {
      this.#colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  #font() {
    return `11px ${getComputedStyle(document.body).fontFamily}`;
  }
}

function mid(bid, ask) {
  return bid === null || ask === null ? null : (bid + ask) / 2;
}

function inCents(prices) {
  return prices.map((price) => (price === null ? null : price / 100));
}

function range(low, high) {
  if (low === null) return [0, 100];
  const padding = Math.max((high - low) * 0.25, (NARROWEST_RANGE_CENTS - (high - low)) / 2);
  return [Math.max(0, low - padding), Math.min(100, high + padding)];
}
