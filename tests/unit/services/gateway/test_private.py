"""The account: what is said of it, what is read after a break, and what can go wrong with both."""

from typing import Any

import pytest

from proto.private import Account, Fill, Order, Position
from proto.units import SECOND
from services.gateway.private import ACKNOWLEDGED_S, CHANNELS, FAILURES, FIRST_ID, FIRST_S, MARGIN_S, RETRY_S
from services.gateway.reading import AS_OF_ATTEMPTS, LOOK_UPS, VANISHED
from shared.kalshi import wire
from tests.unit.services.gateway import harness
from tests.unit.services.gateway.account import Bench, Told, channels, fill, order, position
from tests.unit.services.gateway.harness import START, frame, subscribed

KINDS = [("fill", fill("t")), ("user_order", order("o")), ("market_position", position("KXA-1", "1.00"))]


def account(told: list[Told]) -> Account:
    """Return the only thing said of the account as a whole."""
    [said] = [message for message in told if isinstance(message, Account)]
    return said


def test_three_channels_are_asked_for_without_markets() -> None:
    """Each by a command of its own, so that one that is refused takes no other along."""
    bench = Bench()
    bench.private.opened(bench.now)
    commands = bench.commands()
    assert channels(commands) == list(CHANNELS)
    assert [command.id for command in commands] == [FIRST_ID, FIRST_ID + 1, FIRST_ID + 2]


@pytest.mark.parametrize(("kind", "msg"), KINDS)
def test_nothing_is_said_of_an_account_that_is_not_wanted(kind: str, msg: dict[str, Any]) -> None:
    """Without GATEWAY_PRIVATE there is no command, no word and no read, even if the exchange speaks unasked."""
    bench = Bench(enabled=False)
    bench.private.opened(bench.now)
    assert bench.hear(kind, **msg) == bench.wait(1) == bench.close() == []
    assert bench.commands() == []
    assert bench.private.wanted() is None


def test_what_is_heard_is_said() -> None:
    """Each on its own subject, without a generation."""
    bench = Bench().live()
    [filled] = bench.hear("fill", **fill("t", post_position_fp="3.00"))
    [changed] = bench.hear("user_order", **order("o"))
    [held] = bench.hear("market_position", **position("KXA-1", "-2.00"))
    assert isinstance(filled, Fill)
    assert isinstance(changed, Order)
    assert isinstance(held, Position)
    assert (filled.position, changed.status, held.position) == (300, "resting", -200)
    assert {filled.generation, changed.generation, held.generation} == {None}
    # While nothing is missing, what was heard is not kept apart.
    assert bench.private.holdings.missing_orders([]) == [changed]


def test_a_fill_is_said_once() -> None:
    """A trade can fill two of our orders, which is two fills; the same one again is none."""
    bench = Bench().live()
    assert len(bench.hear("fill", **fill("t"))) == 1
    assert bench.hear("fill", **fill("t")) == []
    assert len(bench.hear("fill", **fill("t", order_id="other"))) == 1


def test_the_account_is_stale_until_it_was_read() -> None:
    """First it is said that something may be missing, at last that nothing is, with the counts of what was said."""
    bench = Bench()
    bench.listed.rows["orders"] = [order("o"), order("old", "executed")]
    bench.listed.rows["positions"] = [position("KXA-1", "1.00"), position("KXA-2", "0.00")]
    bench.listed.rows["fills"] = [fill("newer"), fill("older")]
    stale = account(bench.open())
    assert (stale.status, stale.reason, stale.generation) == ("stale", "disconnected", 0)
    told = bench.read()
    live = account(told)
    assert told[-1] is live
    assert (live.status, live.reason, live.generation) == ("live", None, START.ts)
    assert (live.fills, live.orders, live.positions, live.orders_gone, live.positions_gone) == (2, 1, 1, 0, 0)
    assert [message.trade_id for message in told if isinstance(message, Fill)] == ["older", "newer"]
    assert [message.order_id for message in told if isinstance(message, Order)] == ["o"]
    assert [message.ticker for message in told if isinstance(message, Position)] == ["KXA-1"]
    assert {message.generation for message in told} == {live.generation}


def test_nothing_is_read_before_all_channels_are_acknowledged() -> None:
    """What happens after the reading has to be heard."""
    bench = Bench()
    bench.private.opened(bench.now)
    for sid, command in enumerate(bench.commands()[:2], start=1):
        bench.give(subscribed(command.params.channels[0], sid, command.id))
    bench.wait(1)
    assert bench.private.wanted() is None


def test_nothing_is_listed_before_the_lists_are_up_to_date() -> None:
    """REST is a second behind: what was done in it would be neither heard nor read."""
    bench = Bench()
    bench.listed.as_of = "2020-01-01T00:00:00Z"
    bench.open()
    bench.read(3)
    assert {read.path for read in bench.listed.asked} == {"/exchange/user_data_timestamp"}
    assert [read.pause_s for read in bench.listed.asked] == [0.0, 0.5, 0.5]
    bench.listed.as_of = "2100-01-01T00:00:00Z"
    assert account(bench.read()).as_of_ts == 4_102_444_800 * SECOND


def test_lists_that_never_are_up_to_date_are_read_all_the_same() -> None:
    """Their time is told."""
    bench = Bench()
    bench.listed.as_of = "2020-01-01T00:00:00Z"
    bench.open()
    live = account(bench.read())
    assert (live.status, live.as_of_ts) == ("live", 1_577_836_800 * SECOND)
    assert [read.path for read in bench.listed.asked].count("/exchange/user_data_timestamp") == AS_OF_ATTEMPTS


def test_all_pages_are_read() -> None:
    """A list goes on for as long as it has a cursor."""
    bench = Bench()
    bench.listed.page = 2
    bench.listed.rows["orders"] = [order(f"o{place}") for place in range(5)]
    bench.listed.rows["fills"] = [fill(f"t{place}") for place in range(4)]
    bench.open()
    live = account(bench.read())
    assert (live.orders, live.fills) == (5, 4)


def test_what_was_missed_while_disconnected_is_said_after_it() -> None:
    """A fill that was heard before is not told again; fills are read from a minute before the break."""
    bench = Bench().live()
    bench.hear("fill", **fill("heard"))
    stale = account(bench.close())
    assert (stale.status, stale.reason) == ("stale", "disconnected")
    bench.wait(10)
    bench.listed.rows["fills"] = [fill("missed"), fill("heard")]
    bench.open()
    told = bench.read()
    assert [message.trade_id for message in told if isinstance(message, Fill)] == ["missed"]
    live = account(told)
    assert (live.fills, live.fills_since_ts) == (1, START.ts - MARGIN_S * SECOND)
    assert live.generation > stale.generation


def test_after_a_stop_the_account_begins_as_stale() -> None:
    """Others may have told of it since, so that it is said again; a break alone says it once."""
    bench = Bench().live()
    assert account(bench.close()).status == "stale"
    bench.private.opened(bench.now)
    assert bench.wait(0.1) == []
    bench.private.stop(bench.now)
    bench.private.opened(bench.now)
    said = account(bench.wait(0.1))
    assert (said.status, said.reason) == ("stale", "disconnected")


def test_fills_of_the_last_hour_are_read_at_first() -> None:
    """They may have been missed by a gateway before this one."""
    bench = Bench()
    bench.open()
    assert account(bench.read()).fills_since_ts == START.ts - FIRST_S * SECOND
    [asked] = [read for read in bench.listed.asked if read.path == "/portfolio/fills"]
    assert dict(asked.params)["min_ts"] == str(START.ts // SECOND - FIRST_S)


def test_a_break_before_the_end_of_a_reading_reads_as_far_back_again() -> None:
    """What was to be read then still is missing."""
    bench = Bench()
    bench.open()
    bench.read(2)
    bench.close()
    bench.wait(100)
    assert bench.private.wanted() is None
    bench.open()
    assert account(bench.read()).fills_since_ts == START.ts - FIRST_S * SECOND


@pytest.mark.parametrize(("now", "status", "reason"), [("executed", "executed", None), (None, "unknown", VANISHED)])
def test_an_order_that_rests_no_longer_is_told(now: str | None, status: str, reason: str | None) -> None:
    """It is looked up, and `unknown` if it can not be found."""
    bench = Bench().live()
    bench.hear("user_order", **order("o"))
    bench.close()
    bench.listed.rows["orders"] = [order("o", now)] if now else []
    bench.open()
    told = bench.read()
    [gone] = [message for message in told if isinstance(message, Order)]
    assert (gone.order_id, gone.status, gone.reason) == ("o", status, reason)
    assert (account(told).orders, account(told).orders_gone) == (0, 1)
    assert gone.generation == account(told).generation
    bench.close()
    bench.open()
    assert account(bench.read()).orders_gone == 0


def test_look_ups_are_bounded() -> None:
    """Beyond that orders are unknown without having been asked for."""
    bench = Bench().live()
    for place in range(LOOK_UPS + 5):
        bench.hear("user_order", **order(f"o{place}"))
    bench.close()
    bench.listed.asked.clear()
    bench.open()
    assert account(bench.read()).orders_gone == LOOK_UPS + 5
    assert sum(read.path.startswith("/portfolio/orders/") for read in bench.listed.asked) == LOOK_UPS


@pytest.mark.parametrize("rows", [[], [position("KXA-1", "0.00")]])
def test_a_position_that_is_open_no_longer_is_told(rows: list[dict[str, Any]]) -> None:
    """Whether it is listed with nothing or not at all: nothing is held and it costs nothing."""
    bench = Bench().live()
    bench.hear("market_position", **position("KXA-1", "2.00"))
    bench.close()
    bench.listed.rows["positions"] = rows
    bench.open()
    told = bench.read()
    [gone] = [message for message in told if isinstance(message, Position)]
    assert (gone.position, gone.cost, gone.realized_pnl) == (0, 0, 100_000)
    assert (account(told).positions, account(told).positions_gone) == (0, 1)


def test_what_is_heard_wins_over_what_is_read() -> None:
    """REST is behind: it may list what was canceled, or what was not yet there."""
    bench = Bench().live()
    bench.hear("user_order", **order("o"))
    bench.hear("market_position", **position("KXA-1", "2.00"))
    bench.close()
    bench.listed.rows["orders"] = [order("o")]
    bench.listed.rows["positions"] = [position("KXA-1", "2.00")]
    bench.open()
    bench.read(2)
    bench.hear("user_order", **order("o", "canceled"))
    bench.hear("user_order", **order("new"))
    bench.hear("market_position", **position("KXA-1", "0.00"))
    bench.hear("market_position", **position("KXA-2", "5.00"))
    told = bench.read()
    assert [message.order_id for message in told if isinstance(message, Order)] == ["new"]
    assert [(message.ticker, message.position) for message in told if isinstance(message, Position)] == [("KXA-2", 500)]
    live = account(told)
    assert (live.orders, live.positions, live.orders_gone, live.positions_gone) == (1, 1, 0, 0)
    assert not any(read.path.startswith("/portfolio/orders/") for read in bench.listed.asked)
    assert {message.generation for message in told} == {live.generation}


def test_what_was_heard_before_a_break_does_not_win() -> None:
    """It may have changed unheard since, even if that break came before the first reading."""
    bench = Bench()
    bench.open()
    bench.hear("user_order", **order("o"))
    bench.give(frame("error", 8, None, {"code": 10, "msg": "internal"}))
    bench.wait(RETRY_S + 1)
    bench.give(subscribed("user_orders", 12, bench.commands()[0].id))
    bench.wait(0.1)
    bench.listed.rows["orders"] = [order("o", "canceled")]
    [gone] = [message for message in bench.read() if isinstance(message, Order)]
    assert gone.status == "canceled"


def test_positions_of_each_subaccount_that_is_known_are_read() -> None:
    """REST lists the primary one unless another is named, and no list tells which there are."""
    bench = Bench().live()
    bench.hear("fill", **fill("t", subaccount=3))
    bench.close()
    bench.listed.asked.clear()
    bench.open()
    bench.read()
    asked = [dict(read.params).get("subaccount") for read in bench.listed.asked if read.path.endswith("/positions")]
    assert asked == [None, "3"]


def test_a_reply_of_an_earlier_connection_is_left() -> None:
    """It was asked before the channels were acknowledged."""
    bench = Bench()
    bench.open()
    [late] = [bench.private.wanted()]
    assert late is not None
    bench.close()
    bench.open()
    bench.private.answered(late, b"nonsense", bench.now)
    assert bench.told() == []
    assert account(bench.read()).status == "live"


def test_a_read_that_fails_is_wanted_again_and_after_some_failures_everything() -> None:
    """A cursor may be good no longer."""
    bench = Bench()
    bench.open()
    bench.read(2)
    read = bench.private.wanted()
    assert read is not None
    for _ in range(FAILURES):
        assert bench.private.wanted() is read
        bench.private.failed(read, "http_500", bench.now)
    assert bench.private.wanted() is None
    assert bench.counts["account_reads_failed", "http_500"] == FAILURES
    assert len(bench.out.notes) == 1
    bench.wait(RETRY_S + 1)
    again = bench.private.wanted()
    assert again is not None
    assert again.path == "/exchange/user_data_timestamp"
    assert account(bench.read()).status == "live"


def test_a_reply_that_is_not_understood_is_kept_and_read_again_later() -> None:
    """The account stays stale meanwhile."""
    bench = Bench()
    bench.open()
    bench.read(1)
    read = bench.private.wanted()
    assert read is not None
    bench.private.answered(read, b"<html>", bench.now)
    assert bench.out.publications == [("kalshi.v1.private.quarantine.not_json", b"<html>")]
    assert bench.told() == []
    assert bench.wait(RETRY_S - 1) == []
    assert bench.private.wanted() is None
    bench.wait(2)
    assert account(bench.read()).status == "live"


def test_a_row_that_is_not_understood_leaves_the_account_stale() -> None:
    """What is understood is said; what is not is neither gone nor told."""
    bench = Bench().live()
    bench.hear("user_order", **order("odd"))
    bench.hear("market_position", **position("KXA-1", "1.00"))
    bench.close()
    bench.listed.rows["orders"] = [order("odd", yes_price_dollars="0.00001"), order("even")]
    bench.listed.rows["positions"] = [position("KXA-1", "0.001")]
    bench.open()
    told = bench.read()
    assert {message.order_id: message.status for message in told if isinstance(message, Order)} == {
        "odd": "resting",
        "even": "resting",
    }
    stale = account(told)
    assert (stale.status, stale.reason, stale.orders_gone, stale.positions_gone) == ("stale", "unreadable", 0, 0)
    assert bench.counts["account_quarantined", "inexact"] == 2
    bench.listed.rows["orders"] = bench.listed.rows["positions"] = []
    bench.wait(RETRY_S + 1)
    assert account(bench.read()).status == "live"


def test_a_channel_that_is_refused_is_asked_for_again_later() -> None:
    """The others go on; the account is read as soon as all of them speak."""
    bench = Bench()
    bench.private.opened(bench.now)
    refused, *others = bench.commands()
    for sid, command in enumerate(others, start=1):
        bench.give(subscribed(command.params.channels[0], sid, command.id))
    assert bench.give(frame("error", None, None, {"code": 9, "msg": "no"}, refused.id))
    assert len(bench.out.notes) == 1
    assert bench.wait(RETRY_S - 1)[1:] == []
    assert bench.commands() == []
    bench.wait(2)
    [again] = bench.commands()
    assert channels([again]) == ["fill"]
    bench.give(frame("ok", 9, 1, {}, again.id))
    bench.wait(0.1)
    assert account(bench.read()).status == "live"


@pytest.mark.parametrize(
    "ends",
    [
        frame("error", 8, None, {"code": 10, "msg": "internal"}),
        frame("error", 8, None, {"code": 25, "msg": "overflow"}),
        frame("unsubscribed", 8, 4, None),
    ],
)
def test_a_channel_that_ends_makes_the_account_stale(ends: bytes) -> None:
    """It is asked for again, and then everything is read again."""
    bench = Bench().live()
    assert bench.give(ends)
    stale = account(bench.told())
    assert (stale.status, stale.reason) == ("stale", "exchange_error")
    bench.wait(RETRY_S + 1)
    [again] = bench.commands()
    assert channels([again]) == ["user_orders"]
    bench.give(subscribed("user_orders", 12, again.id))
    bench.wait(0.1)
    assert account(bench.read()).status == "live"


def test_what_comes_after_the_end_of_a_channel_changes_nothing() -> None:
    """An error may be followed by `unsubscribed`, even after the channel has got another sid."""
    bench = Bench().live()
    bench.give(frame("error", 8, None, {"code": 10, "msg": "internal"}))
    assert bench.give(frame("unsubscribed", 8, 4, None))
    assert len(bench.told()) == len(bench.out.notes) == 1
    bench.wait(RETRY_S + 1)
    [again] = bench.commands()
    bench.give(subscribed("user_orders", 12, again.id))
    bench.wait(0.1)
    bench.read()
    assert bench.give(frame("unsubscribed", 8, 4, None))
    assert bench.private.live


def test_a_channel_that_is_not_acknowledged_is_asked_for_again() -> None:
    """The reply may have been lost; a merging subscribe is answered by `ok`."""
    bench = Bench()
    bench.private.opened(bench.now)
    assert len(bench.commands()) == 3
    bench.wait(ACKNOWLEDGED_S + 1)
    for sid, command in enumerate(bench.commands(), start=1):
        bench.give(frame("ok", sid, None, {}, command.id))
    bench.wait(0.1)
    assert account(bench.read()).status == "live"


@pytest.mark.parametrize(
    "other",
    [
        frame("subscribed", None, None, {"channel": "trade", "sid": 1}, 1),
        frame("ok", 1, 1, {}, 1),
        frame("error", 1, None, {"code": 10, "msg": "internal"}),
        frame("error", None, None, {"code": 5, "msg": "no"}, 2),
        frame("error", None, None, {"code": 17, "msg": "no"}),
        frame("unsubscribed", 1, 1, None),
    ],
)
def test_what_concerns_others_is_left_to_them(other: bytes) -> None:
    """Commands are told apart by their numbers, channels by their sids."""
    bench = Bench().live()
    assert not bench.private.takes(wire.decode(other), bench.now)
    assert bench.told() == []


class Gateway(harness.Bench):
    """The whole core, with the account."""

    def __init__(self) -> None:
        super().__init__(harness.A, private=True)

    def quarantined(self) -> list[str]:
        """Return where what was not understood went."""
        subjects = [subject for subject, _ in self.core.out.publications if ".quarantine." in subject]
        self.core.out.take()
        return subjects


@pytest.mark.parametrize(
    "odd",
    [
        frame("fill", 5, None, fill("t", count_fp="0.001")),
        frame("user_order", 5, None, {"order_id": "o"}),
        frame("market_position", 5, None, position("KXA-1", "much")),
    ],
)
def test_a_frame_of_the_account_never_reaches_the_public_quarantine(odd: bytes) -> None:
    """Whatever is wrong with it; and books stay live."""
    gateway = Gateway()
    gateway.core.opened(gateway.now)
    gateway.core.received(gateway.snapshot(harness.A), gateway.now)
    gateway.core.out.take()
    gateway.core.received(odd, gateway.now)
    [subject] = gateway.quarantined()
    assert subject.startswith("kalshi.v1.private.quarantine.")
    assert gateway.core.markets.stale_count() == 0


@pytest.mark.parametrize("code", [9, 10, 17, 25])
def test_an_error_of_the_account_never_harms_the_public_feed(code: int) -> None:
    """Neither is a book marked stale nor the connection given up."""
    gateway = Gateway()
    gateway.core.opened(gateway.now)
    private = [command for _, command in gateway.core.out.take().commands if command.id >= FIRST_ID]
    for first in (subscribed("orderbook_delta", 1, 1), gateway.snapshot(harness.A), subscribed("fill", 5, FIRST_ID)):
        gateway.core.received(first, gateway.now)
    for command in private:
        gateway.core.received(gateway.error(code, command_id=command.id), gateway.now)
    gateway.core.received(gateway.error(code, sid=5), gateway.now)
    gateway.core.tick(gateway.now)
    assert gateway.core.markets.stale_count() == 0
    assert gateway.core.out.take().drops == {}
