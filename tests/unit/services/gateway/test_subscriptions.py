"""What is wanted is asked for in bounded commands, and what is refused is left alone for a while."""

import msgspec

from services.gateway.subscriptions import BATCH, BOOK, LIFECYCLE, REFUSED_S, Subscriptions
from shared.kalshi.commands import Command, Subscribe, UpdateSubscription, encode

MANY = {f"KXA-{number:04}" for number in range(2 * BATCH + 3)}


class Desk:
    """Subscriptions and the commands they sent."""

    def __init__(self, *channels: str) -> None:
        self.sent: list[Command] = []
        self.subscriptions = Subscriptions(channels, self.sent.append)

    def take(self) -> list[Command]:
        """Return the commands since the last call."""
        sent, self.sent[:] = list(self.sent), []
        return sent

    def open(self, *tickers: str) -> "Desk":
        """Have the book channel opened and acknowledged with sid 1."""
        self.subscriptions.want(set(tickers), 0.0)
        self.subscriptions.opened(BOOK, 1, self.take()[0].id)
        return self


def updates(commands: list[Command]) -> list[tuple[str, list[str] | None]]:
    """Return action and tickers of each update."""
    assert all(isinstance(command, UpdateSubscription) for command in commands)
    return [(c.params.action, c.params.market_tickers) for c in commands if isinstance(c, UpdateSubscription)]


def test_subscribes_once_per_channel() -> None:
    """Each channel has its own command with ids from 1, and the book channel always says which scale it wants."""
    desk = Desk(BOOK, "ticker", "trade", LIFECYCLE)
    desk.subscriptions.want({"KXA-1"}, 0.0)
    desk.subscriptions.want({"KXA-1"}, 1.0)
    sent = [msgspec.json.decode(encode(command)) for command in desk.take()]
    filtered = {"market_tickers": ["KXA-1"], "skip_ticker_ack": True}
    assert sent == [
        {"cmd": "subscribe", "id": 1, "params": {"channels": [BOOK], **filtered, "use_yes_price": True}},
        {"cmd": "subscribe", "id": 2, "params": {"channels": ["ticker"], **filtered}},
        {"cmd": "subscribe", "id": 3, "params": {"channels": ["trade"], **filtered}},
        {"cmd": "subscribe", "id": 4, "params": {"channels": [LIFECYCLE]}},
    ]


def test_never_subscribes_to_everything() -> None:
    """While no market is wanted only the lifecycle channel is opened: without tickers the others mean all markets."""
    desk = Desk(BOOK, "ticker", "trade", LIFECYCLE)
    desk.subscriptions.want(set(), 0.0)
    [command] = desk.take()
    assert isinstance(command, Subscribe)
    assert command.params.channels == [LIFECYCLE]


def test_batches() -> None:
    """The first command has a batch, and the rest is added in batches once the sid is known, each market once."""
    desk = Desk(BOOK)
    desk.subscriptions.want(MANY, 0.0)
    [first] = desk.take()
    assert isinstance(first, Subscribe)
    asked = list(first.params.market_tickers or ())
    assert len(asked) == BATCH
    desk.subscriptions.want(MANY, 1.0)
    assert desk.take() == []
    desk.subscriptions.opened(BOOK, 7, first.id)
    desk.subscriptions.want(MANY, 1.0)
    added = desk.take()
    assert [command.id for command in added] == [2, 3]
    for action, tickers in updates(added):
        assert action == "add_markets"
        assert len(tickers or ()) <= BATCH
        asked += tickers or ()
    assert all(isinstance(c, UpdateSubscription) and c.params.sids == [7] for c in added)
    assert sorted(asked) == sorted(MANY)


def test_changes_of_the_wish() -> None:
    """What is no longer wanted is deleted and what is new is added; nothing else is said."""
    desk = Desk(BOOK).open("KXA-1", "KXA-2")
    desk.subscriptions.want({"KXA-2", "KXA-3"}, 1.0)
    assert updates(desk.take()) == [("delete_markets", ["KXA-1"]), ("add_markets", ["KXA-3"])]
    desk.subscriptions.want({"KXA-2", "KXA-3"}, 2.0)
    assert desk.take() == []


def test_data_names_its_subscription() -> None:
    """Data before the acknowledgement tell the sid; a sid of another channel or of nothing is not taken."""
    desk = Desk(BOOK, "trade")
    book = desk.subscriptions.of(BOOK, 4)
    assert book is not None
    assert book is desk.subscriptions.book
    assert desk.subscriptions.by_sid(4) is book
    assert desk.subscriptions.of(BOOK, 5) is None
    assert desk.subscriptions.of("ticker", 6) is None
    assert desk.subscriptions.by_sid(6) is None
    assert desk.subscriptions.by_sid(None) is None


def test_acknowledgement_of_a_market() -> None:
    """A market is acknowledged when the sid is known and no command about it waits; asking for its book is none."""
    desk = Desk(BOOK)
    desk.subscriptions.want({"KXA-1"}, 0.0)
    assert not desk.subscriptions.acknowledged("KXA-1")
    desk.subscriptions.opened(BOOK, 1, 1)
    assert desk.subscriptions.acknowledged("KXA-1")
    desk.subscriptions.want({"KXA-1", "KXA-2"}, 1.0)
    desk.subscriptions.ask_snapshots(["KXA-1"])
    assert desk.subscriptions.acknowledged("KXA-1")
    assert not desk.subscriptions.acknowledged("KXA-2")
    desk.subscriptions.answered(2)
    assert desk.subscriptions.acknowledged("KXA-2")
    assert not desk.subscriptions.acknowledged("KXA-3")


def test_acknowledgements_in_any_order() -> None:
    """Replies belong to their command by id, whatever order they come in."""
    desk = Desk(BOOK).open("KXA-1")
    for number in (2, 3, 4):
        desk.subscriptions.want({f"KXA-{last}" for last in range(1, number + 1)}, 1.0)
    for answered, tickers in ((4, ("KXA-4",)), (2, ("KXA-2", "KXA-4")), (3, ("KXA-2", "KXA-3", "KXA-4"))):
        desk.subscriptions.answered(answered)
        assert [t for t in ("KXA-2", "KXA-3", "KXA-4") if desk.subscriptions.acknowledged(t)] == list(tickers)


def test_snapshots_are_asked_for_in_batches() -> None:
    """Many books are asked for in several commands; without a sid none is."""
    desk = Desk(BOOK)
    desk.subscriptions.ask_snapshots(["KXA-0001"])
    assert desk.take() == []
    desk.open(*MANY)
    desk.subscriptions.ask_snapshots(sorted(MANY))
    asked = updates(desk.take())
    assert {action for action, _ in asked} == {"get_snapshot"}
    assert [len(tickers or ()) for _, tickers in asked] == [BATCH, BATCH, 3]


def test_refused_markets_are_left_alone() -> None:
    """The markets that an error names are not asked for again before their time; others of the command are."""
    desk = Desk(BOOK).open("KXA-1")
    wanted = {"KXA-1", "KXA-2", "KXA-3"}
    desk.subscriptions.want(wanted, 1.0)
    assert "add_markets" in desk.subscriptions.refuse(desk.take()[0].id, ["KXA-2"], 1.0)
    desk.subscriptions.want(wanted, 2.0)
    assert updates(desk.take()) == [("add_markets", ["KXA-3"])]
    desk.subscriptions.want(wanted, REFUSED_S + 0.9)
    assert desk.take() == []
    desk.subscriptions.want(wanted, REFUSED_S + 1.1)
    assert updates(desk.take()) == [("add_markets", ["KXA-2"])]


def test_an_error_without_names_refuses_its_command() -> None:
    """When an error names no market, or none of its command's, all of the command are left alone."""
    for named in ([], ["KXB-1"]):
        desk = Desk(BOOK).open("KXA-1")
        desk.subscriptions.want({"KXA-1", "KXA-2", "KXA-3"}, 1.0)
        desk.subscriptions.refuse(desk.take()[0].id, named, 1.0)
        desk.subscriptions.want({"KXA-1", "KXA-2", "KXA-3"}, 2.0)
        assert desk.take() == []


def test_a_refused_subscribe_is_tried_again() -> None:
    """A channel that could not be opened is opened later."""
    desk = Desk(BOOK)
    desk.subscriptions.want({"KXA-1"}, 0.0)
    desk.subscriptions.refuse(desk.take()[0].id, [], 0.0)
    desk.subscriptions.want({"KXA-1"}, 1.0)
    assert desk.take() == []
    desk.subscriptions.want({"KXA-1"}, REFUSED_S + 1)
    [again] = desk.take()
    assert isinstance(again, Subscribe)


def test_a_refused_lifecycle_channel_is_tried_again() -> None:
    """The channel without markets is asked for again after a while too, and once."""
    desk = Desk(LIFECYCLE)
    desk.subscriptions.want(set(), 0.0)
    desk.subscriptions.refuse(desk.take()[0].id, [], 0.0)
    desk.subscriptions.want(set(), REFUSED_S - 1)
    assert desk.take() == []
    for _ in range(2):
        desk.subscriptions.want(set(), REFUSED_S + 1)
    [again] = desk.take()
    assert isinstance(again, Subscribe)


def test_a_refusal_concerns_its_channel_only() -> None:
    """A market that the trade channel refused is still followed on the book channel."""
    desk = Desk(BOOK, "trade")
    desk.subscriptions.want({"KXA-1"}, 0.0)
    _, trade = desk.take()
    desk.subscriptions.opened(BOOK, 1, 1)
    desk.subscriptions.refuse(trade.id, [], 0.0)
    desk.subscriptions.want({"KXA-1"}, 1.0)
    assert desk.take() == []
    assert desk.subscriptions.acknowledged("KXA-1")


def test_a_refused_deletion_does_not_stop_a_return() -> None:
    """A market whose deletion failed is asked for when it is wanted again."""
    desk = Desk(BOOK).open("KXA-1", "KXA-2")
    desk.subscriptions.want({"KXA-2"}, 1.0)
    desk.subscriptions.refuse(desk.take()[0].id, [], 1.0)
    desk.subscriptions.want({"KXA-1", "KXA-2"}, 2.0)
    assert updates(desk.take()) == [("add_markets", ["KXA-1"])]


def test_an_error_of_no_command_of_ours_changes_nothing() -> None:
    """An error without an id, or with an unknown one, refuses nothing."""
    desk = Desk(BOOK).open("KXA-1")
    for command_id in (None, 99):
        assert desk.subscriptions.refuse(command_id, ["KXA-1"], 1.0) == "a command"
    desk.subscriptions.want({"KXA-1"}, 2.0)
    assert desk.take() == []
