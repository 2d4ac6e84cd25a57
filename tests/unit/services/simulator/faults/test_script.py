"""Reading the fault script, and what it says about mistakes."""

import msgspec
import pytest

from services.simulator.errors import BadFault
from services.simulator.faults import script
from services.simulator.faults.engine import REMEMBERED
from services.simulator.feed.channels import Channel
from tests.unit.services.simulator.faults.scene import Table

NEEDED: dict[str, dict[str, object]] = {
    "delay": {"delay_ms": 5},
    "slow_ack": {"delay_ms": 5},
    "data_before_ack": {"delay_ms": 5},
    "habits": {"set": {}},
    "refuse_command": {"code": 18},
}


def test_one_or_several() -> None:
    """A single object is a script too; members have defaults."""
    assert script.read(b'{"fault":"drop"}') == [script.Drop()]
    assert script.read(b'[{"fault":"drop","count":3,"channel":"ticker"},{"fault":"cut","after_s":0.5}]') == [
        script.Drop(count=3, channel=Channel.TICKER),
        script.Cut(after_s=0.5),
    ]
    assert script.read(b"[]") == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"drop", 'This is no JSON (JSON is malformed: invalid character (byte 0)): write an object such as {"fault"'),
        (b"\xff", "This is no JSON"),
        (b"[3]", 'A fault is an object with its name, such as {"fault":"drop","count":3}.'),
        (b'{"count":3}', "A fault is an object with its name"),
        (b'{"fault":["drop"]}', "A fault is an object with its name"),
        (b'{"fault":"dorp"}', "There is no fault 'dorp'. Did you mean drop? There are drop, duplicate,"),
        (b'{"fault":"drop","cuont":3}', "drop can not be done (Object contains unknown field `cuont`). It takes after"),
        (b'{"fault":"drop","count":-1}', "`int` >= 0 - at `$.count`"),
        (b'{"fault":"drop","chance":0}', "`$.chance`"),
        (b'{"fault":"drop","channel":"books"}', "Invalid enum value 'books' - at `$.channel`"),
        (b'{"fault":"delay"}', "missing required field `delay_ms`"),
        (b'{"fault":"error","code":6}', "the exchange has no error 6, only 1, 2, 3,"),
        (b'{"fault":"close","code":1006}', "no close frame can carry 1006, only 1000 to 1003, 1007 to 1014, 3000 to"),
        (b'{"fault":"close","code":2500}', "no close frame can carry 2500"),
        (b'{"fault":"refuse_command","code":6}', "the exchange has no error 6"),
        (b'{"fault":"refuse_connect","status":404}', "Invalid enum value 404 - at `$.status`"),
        (b'{"fault":"habits","set":{"politeness":1}}', "unknown field `politeness`"),
        (b'{"fault":"habits","set":{"first_sid":0}}', "`int` >= 1 - at `$.first_sid`"),
        (b'{"fault":"habits","set":{"ts_ms":3}}', "Expected `bool`, got `int` - at `$.ts_ms`"),
    ],
)
def test_mistakes(body: bytes, words: str) -> None:
    """A sentence says what is wrong and what to write."""
    with pytest.raises(BadFault) as caught:
        script.read(body)
    assert words in caught.value.problem


@pytest.mark.parametrize("name", script.FAULTS)
def test_status_tells_the_fault(name: str) -> None:
    """What became of a fault is told with the fault itself, as it can be posted again."""
    table = Table()
    table.post({"fault": name, **NEEDED.get(name, {})})
    (told,) = msgspec.json.decode(msgspec.json.encode(table.faults.status()))
    assert told["id"] == 1
    assert told["state"] in {"waiting", "active", "done"}
    assert told["fault"]["fault"] == name
    assert script.read(msgspec.json.encode(told["fault"])) == [table.faults.status()[0].fault]


def test_old_faults_are_forgotten() -> None:
    """Only the last that are done are remembered, and all that are not."""
    table = Table()
    table.client()
    table.post({"fault": "mute", "session": 7})
    for _ in range(3):
        table.post(*[{"fault": "close"}] * (REMEMBERED // 2))
    numbers = [status.id for status in table.faults.status()]
    assert numbers == [1, *range(2 + REMEMBERED // 2, 2 + 3 * REMEMBERED // 2)]
