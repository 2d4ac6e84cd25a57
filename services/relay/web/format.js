/** Numbers and states in the words of the page. Pure. */

const REASONS = {
  gap: "sequence gap",
  disconnected: "exchange connection lost",
  resubscribed: "resubscribed at the exchange",
  gateway_lost: "gateway not heard",
  bus_gap: "messages lost on the bus",
  exchange_error: "error at the exchange",
  paused: "paused",
  unsubscribed: "no longer followed",
  operator: "marked by the operator",
  connection_lost: "connection lost",
  conflated: "connection too slow",
  feed_lost: "relay has lost the feed",
  waiting: "waiting for the book",
  refused: "refused by the relay",
};

const NONE = "–";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const hundredths = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** Returns how many decimals a price in 1/10 000 dollar needs in cents. */
export function decimalsOf(price) {
  if (price % 100 === 0) return 0;
  return price % 10 === 0 ? 1 : 2;
}

/** Returns a price in cents; without `decimals`, with as many as it needs. */
export function cents(price, decimals = decimalsOf(price ?? 0)) {
  return price === null ? NONE : (price / 100).toFixed(decimals);
}

/** Returns a quantity in contracts, with hundredths if `fractional`. */
export function contracts(quantity, fractional = quantity % 100 !== 0) {
  return (fractional ? hundredths : whole).format(quantity / 100);
}

/** Returns an age such as 3s, 12m, 5h, 2d. */
export function age(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Returns the time of day to the second. */
export function timeOfDay(milliseconds) {
  return new Date(milliseconds).toLocaleTimeString("en-GB");
}

/** Returns why a market is stale, in words. */
export function reasonWords(reason) {
  return REASONS[reason] ?? String(reason ?? "unknown").replaceAll("_", " ");
}

/** Returns `live` or `stale: why`; without a reason just `stale`. */
export function stateWords({ status, reason }) {
  if (status === "live") return "live";
  return reason === null ? "stale" : `stale: ${reasonWords(reason)}`;
}
