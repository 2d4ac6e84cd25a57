// Messages of kalshi-fanout. Written by `python -m proto`; change the structs instead.

/** 1/10 000 dollar: $0.96 is 9600 */
export type Price = number;

/** 1/100 contract: 54.00 contracts are 5400 */
export type Quantity = number;

/** signed change in 1/100 contract */
export type QuantityChange = number;

/** 1/1 000 000 dollar */
export type Money = number;

/** whole dollars, as the exchange counts them */
export type WholeDollars = number;

/** microseconds since 1970 UTC */
export type Micros = number;

/** grows with every snapshot of a market; 0 before the first one */
export type Epoch = number;

/** 0 for a snapshot, then 1, 2, 3… within the epoch */
export type Seq = number;

/** market ticker, exactly as Kalshi spells it */
export type MarketTicker = string;

/** the outcome; in a book, the ladder of bids for it */
export type Side = "no" | "yes";

/** [price on this side's own scale, resting quantity] */
export type Level = readonly [Price, Quantity];

/** bids, best (highest) first; empty when nobody bids */
export type Ladder = ReadonlyArray<Level>;

/** stale: may differ from the exchange, do not trade on it */
export type Status = "live" | "stale";

/** why a market's book can not be trusted until its next snapshot */
export type StaleReason = "bus_gap" | "disconnected" | "exchange_error" | "gap" | "gateway_lost" | "operator" | "paused" | "resubscribed" | "unsubscribed";

/** dollars, for screens: 0.52 */
export type Dollars = number;

/** contracts, for screens: 1900.0 */
export type Contracts = number;

/** the reading of the account that it is part of; null if the exchange said it by itself */
export type Generation = number;

/** 0 is the primary one; null if it was not told */
export type Subaccount = number;

/** the exchange's shard; null if it was not told */
export type ExchangeIndex = number;

/** ticker → [epoch, seq] of its last book message */
export type Heads = { readonly [key: string]: readonly [Epoch, Seq] };

/** at most 1000 tickers */
export type Tickers = ReadonlyArray<MarketTicker>;

/** the exchange's word: initialized, active, inactive, closed, determined, disputed, amended, finalized; the set is open */
export type MarketStatus = string;

export type RelayChannel = "book" | "depth" | "lifecycle" | "ticker" | "ticker1s" | "top" | "trade";

/** chosen by the client, echoed in the reply */
export type CommandId = number;

/**
 * The whole book of a market; starts a new, larger epoch with seq 0.
 *
 * The relay sends the same message to a client that joins late; its seq is then that of the last delta contained.
 */
export interface Snapshot {
  readonly type: "snapshot";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  /** grows with every snapshot of a market; 0 before the first one */
  readonly epoch: Epoch;
  /** 0 for a snapshot, then 1, 2, 3… within the epoch */
  readonly seq: Seq;
  /** microseconds since 1970 UTC */
  readonly exchange_ts: Micros | null;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  readonly exchange_seq: number | null;
  /** bids, best (highest) first; empty when nobody bids */
  readonly yes: Ladder;
  /** bids, best (highest) first; empty when nobody bids */
  readonly no: Ladder;
}

/** A signed change of one level; a level whose quantity reaches 0 is gone. */
export interface Delta {
  readonly type: "delta";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  /** grows with every snapshot of a market; 0 before the first one */
  readonly epoch: Epoch;
  /** 0 for a snapshot, then 1, 2, 3… within the epoch */
  readonly seq: Seq;
  /** microseconds since 1970 UTC */
  readonly exchange_ts: Micros | null;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  readonly exchange_seq: number | null;
  /** the outcome; in a book, the ladder of bids for it */
  readonly side: Side;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly price: Price;
  /** signed change in 1/100 contract */
  readonly delta: QuantityChange;
}

/**
 * The book may be wrong from here on; no delta follows before the next snapshot.
 *
 * Epoch and seq are those of the last book message before it.
 */
export interface Stale {
  readonly type: "stale";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  /** grows with every snapshot of a market; 0 before the first one */
  readonly epoch: Epoch;
  /** 0 for a snapshot, then 1, 2, 3… within the epoch */
  readonly seq: Seq;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  /** why a market's book can not be trusted until its next snapshot */
  readonly reason: StaleReason;
}

/**
 * The exchange's own summary of a market; the last value wins.
 *
 * As at the exchange, yes_bid 0 and yes_ask 10 000 mean that there is no such bid or ask.
 * no_bid and no_ask are derived: 10 000 less yes_ask and yes_bid.
 */
export interface Ticker {
  readonly type: "ticker";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  /** microseconds since 1970 UTC */
  readonly exchange_ts: Micros | null;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly last_price: Price | null;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly yes_bid: Price;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly yes_bid_qty: Quantity | null;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly yes_ask: Price;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly yes_ask_qty: Quantity | null;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly no_bid: Price;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly no_ask: Price;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly volume: Quantity;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly open_interest: Quantity;
  /** whole dollars, as the exchange counts them */
  readonly dollar_volume: WholeDollars | null;
  /** whole dollars, as the exchange counts them */
  readonly dollar_open_interest: WholeDollars | null;
}

/** One trade, said at least once: deduplicate by trade_id. */
export interface Trade {
  readonly type: "trade";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  readonly trade_id: string;
  /** microseconds since 1970 UTC */
  readonly exchange_ts: Micros | null;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly yes_price: Price;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly no_price: Price;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly qty: Quantity;
  /** the outcome; in a book, the ladder of bids for it */
  readonly taker_side: Side;
  readonly block: boolean;
}

/**
 * A market was created, opened, paused, moved, closed, determined or settled.
 *
 * `event_type` is the exchange's word (`created`, `activated`, `deactivated`, `close_date_updated`, `determined`,
 * `settled`, `price_level_structure_updated`, `metadata_updated`, …; the set is open). `source` is `exchange` for its
 * messages and `clock` for `opened` and `closed`, which the exchange does not announce.
 * Members that do not belong to the event_type are null.
 */
export interface Lifecycle {
  readonly type: "lifecycle";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  readonly event_type: string;
  readonly source: "clock" | "exchange";
  /** microseconds since 1970 UTC */
  readonly exchange_ts: Micros | null;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  /** microseconds since 1970 UTC */
  readonly open_ts?: Micros | null;
  /** microseconds since 1970 UTC */
  readonly close_ts?: Micros | null;
  /** microseconds since 1970 UTC */
  readonly determination_ts?: Micros | null;
  /** microseconds since 1970 UTC */
  readonly settled_ts?: Micros | null;
  readonly is_deactivated?: boolean | null;
  readonly result?: string | null;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly settlement_value?: Price | null;
  readonly price_level_structure?: string | null;
  readonly price_ranges?: ReadonlyArray<PriceRange> | null;
  readonly event_ticker?: string | null;
  readonly title?: string | null;
  readonly yes_sub_title?: string | null;
  readonly no_sub_title?: string | null;
  readonly strike_type?: string | null;
  readonly floor_strike?: number | null;
  readonly cap_strike?: number | null;
}

/** A band of prices and its tick, in 1/10 000 dollar. */
export interface PriceRange {
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly start: Price;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly end: Price;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly step: Price;
}

/** A group of markets was created or described anew. */
export interface Event {
  readonly type: "event";
  readonly event_ticker: string;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  readonly title: string;
  readonly subtitle: string;
  readonly series_ticker: string;
  readonly collateral_return_type: string;
  /** microseconds since 1970 UTC */
  readonly strike_ts?: Micros | null;
  readonly strike_period?: string | null;
}

/**
 * The best two levels of both sides of a book, null where there is no such level.
 *
 * A yes ask at p is a no bid at 10 000 - p, so the two sides tell the same orders twice.
 */
export interface Top {
  readonly type: "top";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  /** grows with every snapshot of a market; 0 before the first one */
  readonly epoch: Epoch;
  /** 0 for a snapshot, then 1, 2, 3… within the epoch */
  readonly seq: Seq;
  /** stale: may differ from the exchange, do not trade on it */
  readonly status: Status;
  /** microseconds since 1970 UTC */
  readonly exchange_ts: Micros | null;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly yes_bid: Price | null;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly yes_bid_qty: Quantity | null;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly yes_bid_2: Price | null;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly yes_ask: Price | null;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly yes_ask_qty: Quantity | null;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly yes_ask_2: Price | null;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly no_bid: Price | null;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly no_bid_qty: Quantity | null;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly no_bid_2: Price | null;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly no_ask: Price | null;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly no_ask_qty: Quantity | null;
}

/** The whole book as of (epoch, seq). */
export interface Depth {
  readonly type: "depth";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  /** grows with every snapshot of a market; 0 before the first one */
  readonly epoch: Epoch;
  /** 0 for a snapshot, then 1, 2, 3… within the epoch */
  readonly seq: Seq;
  /** stale: may differ from the exchange, do not trade on it */
  readonly status: Status;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  /** bids, best (highest) first; empty when nobody bids */
  readonly yes: Ladder;
  /** bids, best (highest) first; empty when nobody bids */
  readonly no: Ladder;
}

/** At most once a second per market, for people and screens: dollars, contracts and seconds as numbers. */
export interface Ticker1s {
  readonly type: "ticker1s";
  /** market ticker, exactly as Kalshi spells it */
  readonly market_id: MarketTicker;
  readonly platform: "kalshi";
  /** stale: may differ from the exchange, do not trade on it */
  readonly status: Status;
  /** grows with every snapshot of a market; 0 before the first one */
  readonly epoch: Epoch;
  /** 0 for a snapshot, then 1, 2, 3… within the epoch */
  readonly seq: Seq;
  readonly summary_stats: SummaryStats;
  /** seconds since 1970 UTC */
  readonly timestamp: number;
}

/** Both outcomes' stats. */
export interface SummaryStats {
  readonly yes: SideStats;
  readonly no: SideStats;
}

/** Best bid and ask of one outcome, and all resting size of both ladders. */
export interface SideStats {
  /** dollars, for screens: 0.52 */
  readonly bid: Dollars | null;
  /** dollars, for screens: 0.52 */
  readonly ask: Dollars | null;
  /** contracts, for screens: 1900.0 */
  readonly volume: Contracts;
}

/**
 * One of our orders traded.
 *
 * `side` is the outcome that was bought (to sell yes is to buy no), `position` what we hold after it: negative of no,
 * null if the fill was read later.
 */
export interface Fill {
  readonly type: "fill";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  readonly trade_id: string;
  readonly order_id: string;
  readonly client_order_id: string | null;
  /** microseconds since 1970 UTC */
  readonly exchange_ts: Micros | null;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  /** the outcome; in a book, the ladder of bids for it */
  readonly side: Side;
  readonly is_taker: boolean;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly yes_price: Price;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly qty: Quantity;
  /** 1/1 000 000 dollar */
  readonly fee: Money;
  /** signed change in 1/100 contract */
  readonly position: QuantityChange | null;
  /** 0 is the primary one; null if it was not told */
  readonly subaccount?: Subaccount | null;
  /** the exchange's shard; null if it was not told */
  readonly exchange_index?: ExchangeIndex | null;
  /** the reading of the account that it is part of; null if the exchange said it by itself */
  readonly generation?: Generation | null;
}

/**
 * One of our orders changed; `status` is `resting`, `canceled`, `executed` or `unknown`.
 *
 * `cost` and `fees` are those of what was filled. An order that is `unknown` with the reason `vanished` rested before
 * a break and can not be found after it.
 */
export interface Order {
  readonly type: "order";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  readonly order_id: string;
  readonly client_order_id: string | null;
  /** microseconds since 1970 UTC */
  readonly exchange_ts: Micros | null;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  readonly status: string;
  /** the outcome; in a book, the ladder of bids for it */
  readonly side: Side;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly yes_price: Price;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly initial_qty: Quantity;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly filled_qty: Quantity;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly remaining_qty: Quantity;
  /** 1/1 000 000 dollar */
  readonly fees: Money;
  readonly reason: string | null;
  /** 1/1 000 000 dollar */
  readonly cost?: Money;
  /** microseconds since 1970 UTC */
  readonly created_ts?: Micros | null;
  /** microseconds since 1970 UTC */
  readonly expiration_ts?: Micros | null;
  readonly order_group_id?: string | null;
  /** 0 is the primary one; null if it was not told */
  readonly subaccount?: Subaccount | null;
  /** the exchange's shard; null if it was not told */
  readonly exchange_index?: ExchangeIndex | null;
  /** the reading of the account that it is part of; null if the exchange said it by itself */
  readonly generation?: Generation | null;
}

/**
 * Our net position in a market; negative is held of no.
 *
 * One that is gone after a break is told with nothing held and no cost; the rest of it is as it was told last.
 * `volume` is null if the position was read.
 */
export interface Position {
  readonly type: "position";
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  /** signed change in 1/100 contract */
  readonly position: QuantityChange;
  /** 1/1 000 000 dollar */
  readonly cost: Money;
  /** 1/1 000 000 dollar */
  readonly realized_pnl: Money;
  /** 1/1 000 000 dollar */
  readonly fees: Money;
  /** 1/100 contract: 54.00 contracts are 5400 */
  readonly volume: Quantity | null;
  /** microseconds since 1970 UTC */
  readonly exchange_ts?: Micros | null;
  /** 0 is the primary one; null if it was not told */
  readonly subaccount?: Subaccount | null;
  /** the exchange's shard; null if it was not told */
  readonly exchange_index?: ExchangeIndex | null;
  /** the reading of the account that it is part of; null if the exchange said it by itself */
  readonly generation?: Generation | null;
}

/**
 * Whether what was said of the account is all there is.
 *
 * `live` comes after a reading: all resting orders and all open positions were said with its `generation`, and what is
 * not among them is gone. `stale`: something may have been missed until the next `live`. `as_of_ts` is the time up to
 * which the exchange vouched for what was read; fills were read from `fills_since_ts` on.
 */
export interface Account {
  readonly type: "account";
  /** stale: may differ from the exchange, do not trade on it */
  readonly status: Status;
  /** why it is stale; null if it is live */
  readonly reason: "disconnected" | "exchange_error" | "unreadable" | null;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  /** the last reading; grows, over restarts too; 0 before the first */
  readonly generation: number;
  /** microseconds since 1970 UTC */
  readonly as_of_ts: Micros | null;
  /** microseconds since 1970 UTC */
  readonly fills_since_ts: Micros | null;
  /** fills that had been missed */
  readonly fills: number;
  /** resting orders */
  readonly orders: number;
  /** open positions */
  readonly positions: number;
  /** orders that rested before and no longer do */
  readonly orders_gone: number;
  /** positions that were open before and no longer are */
  readonly positions_gone: number;
}

/**
 * Once a second from each gateway, so that a lost last message is noticed.
 *
 * `heads` names the markets that moved since the heartbeat before and, in turn, some of the quiet ones: every market
 * is named at least once in ten heartbeats, and a new one at once. Many markets are told in several heartbeats with
 * the same `sent_ts`. `stale` lists those of `heads` whose book is marked stale, `gone` the markets no longer
 * followed, in ten heartbeats each.
 */
export interface Heartbeat {
  readonly type: "heartbeat";
  readonly instance: string;
  /** one more in each heartbeat of this instance */
  readonly counter: number;
  /** microseconds since 1970 UTC */
  readonly sent_ts: Micros;
  /** the exchange session is up */
  readonly connected: boolean;
  /** markets followed */
  readonly markets: number;
  /** ticker → [epoch, seq] of its last book message */
  readonly heads: Heads;
  readonly stale?: ReadonlyArray<string>;
  readonly gone?: ReadonlyArray<string>;
}

/** rpc.book.get: the books of these markets; depth 0 means every level. */
export interface BookGet {
  /** at most 1000 tickers */
  readonly tickers: Tickers;
  readonly depth?: number;
}

/** Answer to rpc.book.get: each ticker is in one of the two lists. */
export interface BookReply {
  readonly books: ReadonlyArray<BookImage>;
  readonly errors?: ReadonlyArray<TickerError>;
}

/** One book as of (epoch, seq). */
export interface BookImage {
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  /** grows with every snapshot of a market; 0 before the first one */
  readonly epoch: Epoch;
  /** 0 for a snapshot, then 1, 2, 3… within the epoch */
  readonly seq: Seq;
  /** stale: may differ from the exchange, do not trade on it */
  readonly status: Status;
  /** microseconds since 1970 UTC */
  readonly received_ts: Micros;
  /** bids, best (highest) first; empty when nobody bids */
  readonly yes: Ladder;
  /** bids, best (highest) first; empty when nobody bids */
  readonly no: Ladder;
}

/** Why one ticker of a request was not served. */
export interface TickerError {
  readonly ticker: string;
  readonly code: number;
  readonly message: string;
}

/**
 * rpc.gateway.resync: take new snapshots of these markets.
 *
 * With a reason, the books are believed to be wrong: they are marked stale with it until the snapshot is there.
 */
export interface Resync {
  /** at most 1000 tickers */
  readonly tickers: Tickers;
  /** why a market's book can not be trusted until its next snapshot */
  readonly reason?: StaleReason | null;
}

/** Answer to rpc.gateway.resync: the snapshots follow on `book`. */
export interface ResyncReply {
  readonly requested: ReadonlyArray<string>;
  readonly errors?: ReadonlyArray<TickerError>;
}

/** rpc.gateway.subscribe and unsubscribe: follow these markets for a client until ttl_s passes unrenewed. */
export interface Lease {
  readonly client: string;
  /** at most 1000 tickers */
  readonly tickers: Tickers;
  /** seconds */
  readonly ttl_s?: number;
}

/** Answer to a lease: all tickers that the client has leased, when those of this request end, which are refused. */
export interface LeaseReply {
  readonly client: string;
  readonly tickers: ReadonlyArray<string>;
  /** microseconds since 1970 UTC */
  readonly until_ts: Micros | null;
  readonly errors?: ReadonlyArray<TickerError>;
}

/** rpc.gateway.explain: why a market is, or is not, followed. */
export interface Explain {
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
}

/** Who wants the market, and how far the exchange has gone along; null where nothing happened yet. */
export interface ExplainReply {
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  readonly wanted_by: ReadonlyArray<string>;
  readonly subscribed: boolean;
  readonly acknowledged: boolean;
  /** stale: may differ from the exchange, do not trade on it */
  readonly status: Status | null;
  /** grows with every snapshot of a market; 0 before the first one */
  readonly epoch: Epoch;
  /** 0 for a snapshot, then 1, 2, 3… within the epoch */
  readonly seq: Seq;
  /** microseconds since 1970 UTC */
  readonly last_message_ts: Micros | null;
  /** microseconds since 1970 UTC */
  readonly last_gap_ts: Micros | null;
  /** why a market's book can not be trusted until its next snapshot */
  readonly last_gap_reason: StaleReason | null;
}

/** rpc.gateway.heads: publish the heads of every market in the next heartbeat, at once. */
export interface HeadsRequest {
}

/** Answer to rpc.gateway.heads: the heads follow on `sys.gateway.{instance}`, from heartbeat `counter` on. */
export interface HeadsReply {
  readonly instance: string;
  readonly markets: number;
  readonly counter: number;
}

/** rpc.gateway.handover: let the gateway that stands by take this shard over now. */
export interface Handover {
  readonly shard?: number;
}

/** Answer to rpc.gateway.handover: this instance, the leader of this term, gives the shard up at once. */
export interface HandoverReply {
  readonly instance: string;
  readonly term: number;
}

/**
 * What a market is about, where it stands in its life, and whether the feed follows it.
 *
 * Members that the exchange has not told are null, or empty where they are texts. `status` is kept by the clock too:
 * the exchange does not announce openings and closings. `updated_ts` is when the catalog last changed anything here.
 */
export interface ListedMarket {
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  readonly event_ticker: string;
  readonly series_ticker: string;
  /** the exchange's word: initialized, active, inactive, closed, determined, disputed, amended, finalized; the set is open */
  readonly status: MarketStatus;
  /** the gateway is to subscribe to it */
  readonly followed: boolean;
  /** microseconds since 1970 UTC */
  readonly updated_ts: Micros;
  readonly title?: string;
  readonly yes_sub_title?: string;
  readonly no_sub_title?: string;
  readonly market_type?: string;
  /** microseconds since 1970 UTC */
  readonly open_ts?: Micros | null;
  /** microseconds since 1970 UTC */
  readonly close_ts?: Micros | null;
  readonly can_close_early?: boolean | null;
  /** microseconds since 1970 UTC */
  readonly expected_expiration_ts?: Micros | null;
  /** microseconds since 1970 UTC */
  readonly latest_expiration_ts?: Micros | null;
  /** seconds from the result to its payment */
  readonly settlement_timer_s?: number | null;
  readonly settlement_bounds_type?: string;
  readonly result?: string;
  /** 1/10 000 dollar: $0.96 is 9600 */
  readonly settlement_value?: Price | null;
  /** microseconds since 1970 UTC */
  readonly determination_ts?: Micros | null;
  /** microseconds since 1970 UTC */
  readonly settled_ts?: Micros | null;
  readonly strike_type?: string;
  readonly floor_strike?: number | null;
  readonly cap_strike?: number | null;
  readonly custom_strike?: { readonly [key: string]: string } | null;
  readonly price_level_structure?: string;
  readonly price_ranges?: ReadonlyArray<PriceRange>;
  /** 1/10 000 dollar */
  readonly notional_value?: number | null;
  /** the exchange's shard */
  readonly exchange_index?: number | null;
  readonly mve_collection_ticker?: string;
  readonly is_provisional?: boolean;
}

/**
 * Who speaks for a shard, and which epochs are used up.
 *
 * `renewed_ts` is for people: whoever waits goes by how long the entry has not changed by its own clock, never by
 * comparing the clocks of two machines.
 */
export interface Leader {
  readonly instance: string;
  /** one more each time that the lease passes on */
  readonly term: number;
  /** no larger epoch is used before the next renewal; the next leader starts above */
  readonly floor: number;
  /** given up in good order: it can be taken at once */
  readonly released: boolean;
  /** microseconds since 1970 UTC */
  readonly renewed_ts: Micros;
}

/** Start channels for markets; each pair is accepted or refused on its own. */
export interface Subscribe {
  readonly cmd: "subscribe";
  /** chosen by the client, echoed in the reply */
  readonly id: CommandId;
  readonly params: SubscriptionParams;
}

/**
 * Which channels of which markets; a member that is not offered is refused rather than ignored.
 *
 * `mode` is for `book`: `full` is a snapshot, then every change.
 */
export interface SubscriptionParams {
  readonly channels: ReadonlyArray<string>;
  readonly market_tickers: ReadonlyArray<string>;
  readonly mode?: "full";
}

/** End channels for markets. */
export interface Unsubscribe {
  readonly cmd: "unsubscribe";
  /** chosen by the client, echoed in the reply */
  readonly id: CommandId;
  readonly params: SubscriptionParams;
}

/** Ask for a `pong`. */
export interface Ping {
  readonly cmd: "ping";
  /** chosen by the client, echoed in the reply */
  readonly id: CommandId;
}

/** First message on every connection. */
export interface Hello {
  readonly type: "hello";
  readonly session: string;
  /** microseconds since 1970 UTC */
  readonly server_ts: Micros;
  readonly channels: ReadonlyArray<string>;
  readonly heartbeat_s: number;
  readonly limits: Limits;
  readonly units?: Units;
}

/** What this relay grants one client. */
export interface Limits {
  /** channel and market pairs */
  readonly subscriptions: number;
  /** largest message a client may send */
  readonly message_bytes: number;
  /** unsent bytes from which on the client is conflated */
  readonly queued_bytes: number;
  /** seconds of reading too slowly after which it is closed with 4408 */
  readonly stalled_s: number;
}

/** Units of the integers in bus events. */
export interface Units {
  readonly price?: string;
  readonly quantity?: string;
  readonly time?: string;
}

/** Reply to subscribe and unsubscribe: every pair of the command is in one of the two lists. */
export interface Ack {
  readonly type: "ack";
  /** chosen by the client, echoed in the reply */
  readonly id: CommandId;
  readonly accepted: ReadonlyArray<Accepted>;
  readonly refused: ReadonlyArray<Refused>;
}

/**
 * One pair that was accepted.
 *
 * `how` tells what comes first: `snapshot` (the state as it is, then changes) or `live` (changes only);
 * `ended` acknowledges an unsubscribe.
 */
export interface Accepted {
  readonly channel: RelayChannel;
  /** market ticker, exactly as Kalshi spells it */
  readonly ticker: MarketTicker;
  readonly how: "ended" | "live" | "snapshot";
}

/** One pair that was refused, and why. */
export interface Refused {
  readonly channel: string;
  readonly ticker: string;
  readonly code: number;
  readonly name: string;
  readonly message: string;
}

/** A command failed as a whole; id is null if it could not be read. */
export interface Error {
  readonly type: "error";
  readonly id: number | null;
  readonly code: number;
  readonly name: string;
  readonly message: string;
  readonly retry_after_ms?: number | null;
}

/** Reply to ping. */
export interface Pong {
  readonly type: "pong";
  /** chosen by the client, echoed in the reply */
  readonly id: CommandId;
  /** microseconds since 1970 UTC */
  readonly server_ts: Micros;
}

/** A batch of bus events, in order per market. */
export interface Events {
  readonly type: "events";
  readonly events: ReadonlyArray<BusEvent>;
}

/**
 * After `hello`, every heartbeat_s seconds, and at once when the feed is lost or back.
 *
 * A missing counter, or no heartbeat in time, means that the connection is in doubt.
 */
export interface RelayHeartbeat {
  readonly type: "heartbeat";
  readonly counter: number;
  /** microseconds since 1970 UTC */
  readonly server_ts: Micros;
  /** lost: no gateway was heard for three seconds */
  readonly feed: "live" | "lost";
  /** age of the newest bus message when it reached the relay */
  readonly lag_ms: number | null;
}

/**
 * The client reads too slowly (`conflated`: only the latest of each market) or has caught up (`full`).
 *
 * `full` comes after the snapshots of all that it missed.
 * `dropped` counts trades and lifecycle messages that could not be conflated and are lost to this client.
 */
export interface Flow {
  readonly type: "flow";
  readonly state: "conflated" | "full";
  readonly dropped: number;
}

/** What is said on `book`. */
export type BookMessage = Snapshot | Delta | Stale;

/** A bus message that the relay hands on. */
export type BusEvent = Snapshot | Delta | Stale | Ticker | Trade | Lifecycle | Top | Depth | Ticker1s;

/** What a client may send to the relay. */
export type Command = Subscribe | Unsubscribe | Ping;

/** What the relay may send to a client. */
export type ServerMessage = Hello | Ack | Error | Pong | Events | RelayHeartbeat | Flow;
