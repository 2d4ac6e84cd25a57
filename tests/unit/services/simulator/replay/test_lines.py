"""Frames are found in whatever a recorder wrapped around them."""

import gzip

import msgspec
import pytest

from services.simulator.replay.capture import Capture, parse
from tests.unit.services.simulator.harness import BOOK, CENTS

FRAMES = [line for line in BOOK.splitlines() if line]
STEPS = parse("book.jsonl", BOOK).steps
START_TS = 1_781_159_000_000_000


def wrapped(member: str, clock: str, times: list[object], *, text: bool) -> bytes:
    """Return the frames in a recorder's wrapper; `text` if it kept them as text."""
    lines = []
    for frame, time in zip(FRAMES, times, strict=True):
        held = frame.decode() + "\n" if text else msgspec.Raw(frame)
        lines.append(msgspec.json.encode({"conn": 1, clock: time, member: held}))
    return b"\n\n".join(lines)


def at(capture: Capture) -> list[float]:
    """Return the times of all steps."""
    return [round(step.at, 6) for step in capture.steps]


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("member", ["frame", "raw", "message", "data", "payload"])
def test_wrappers(member: str, text: bool) -> None:
    """A frame may stand in any of five members, as an object or as text; its message is the same bytes."""
    times: list[object] = [START_TS + 500_000 * number for number in range(5)]
    capture = parse("wrapped.jsonl", wrapped(member, "received_ts", times, text=text))
    assert [step.msg for step in capture.steps] == [step.msg for step in STEPS]
    assert at(capture) == [0.0, 0.5, 1.0, 1.5]


@pytest.mark.parametrize(
    ("clock", "times"),
    [
        ("received_ts", [START_TS + number * 250_000 for number in range(5)]),
        ("recv_ts_ms", [START_TS // 1000 + number * 250 for number in range(5)]),
        ("ts_ms", [START_TS / 1000 + number * 250.0 for number in range(5)]),
        (
            "recv_ts_local_et",
            [f"2026-06-11T02:31:29.{number * 25:02}" for number in range(4)] + ["2026-06-11T02:31:30"],
        ),
        ("received_at", [f"2026-06-11T06:31:29.{number * 25:02}Z" for number in range(4)] + ["2026-06-11T06:31:30Z"]),
        ("ts", [f"2026-06-11T08:31:29.{number * 25:02}+02:00" for number in range(4)] + ["2026-06-11T06:31:30Z"]),
    ],
)
def test_clocks(clock: str, times: list[object]) -> None:
    """The recorder's clock may have any of six names and three units, and wins over the message's own time."""
    assert at(parse("clock.jsonl", wrapped("frame", clock, times, text=False))) == [0.0, 0.25, 0.5, 0.75]


def test_the_time_of_sending_beats_the_messages() -> None:
    """Without a recorder's clock a frame comes when the exchange sent it."""
    sent = [
        frame[:-1] + b',"sending_ts_ms":%d}' % (1_781_159_490_000 + 400 * number) for number, frame in enumerate(FRAMES)
    ]
    assert at(parse("sent.jsonl", b"\n".join(sent))) == [0.0, 0.4, 0.8, 1.2]


def test_without_envelope() -> None:
    """Frames without sid and seq are played all the same, the clock beside them."""
    capture = parse("cents.jsonl", CENTS)
    assert at(capture) == [0.0, 1.0, 1.0]
    assert b'"sid"' not in CENTS


def test_what_the_client_said_is_passed_over() -> None:
    """A recording of both directions is a recording of the exchange's."""
    said = b'{"id":1,"cmd":"subscribe","params":{"channels":["trade"]}}\n'
    outgoing = b'{"direction":"out","raw":"{\\"id\\":2,\\"cmd\\":\\"list_subscriptions\\"}"}\n'
    assert parse("book.jsonl", said + outgoing + BOOK) == parse("book.jsonl", BOOK)


def test_gzip_and_line_ends() -> None:
    """Compressed or not, with either kind of line end, it is the same capture."""
    plain = parse("book.jsonl", BOOK)
    assert parse("book.jsonl.gz", gzip.compress(BOOK)) == plain
    assert parse("book.jsonl", BOOK.replace(b"\n", b"\r\n")) == plain
