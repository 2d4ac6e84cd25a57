"""It is remembered up to which change of the books each message tells."""

from services.simulator.feed.moments import Moments


def test_messages_and_what_came_between() -> None:
    """A number without a change of its own, such as a control reply's, tells what the message before it told."""
    moments = Moments()
    for seq, number in ((1, 0), (2, 7), (4, 9)):
        moments.note(seq, number)
    assert [moments.at(seq) for seq in range(6)] == [None, 0, 7, 7, 9, 9]


def test_old_messages_are_forgotten() -> None:
    """At least so many of the last messages are remembered, and at most twice as many."""
    moments = Moments(limit=10)
    for seq in range(1, 101):
        moments.note(seq, seq * 2)
        assert [moments.at(known) for known in range(max(1, seq - 9), seq + 1)] == [
            known * 2 for known in range(max(1, seq - 9), seq + 1)
        ]
        assert moments.at(seq - 20) is None
