"""Several gateways, a bucket that answers late or never, clocks that jump and processes that sleep: one speaks."""

from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import NamedTuple

import pytest

from proto.subjects import Subjects
from proto.units import SECOND
from services.gateway.leadership import LEASE_S, Held, Leadership, Role, Write
from services.gateway.markets import Markets
from services.gateway.output import Output
from shared.market.clock import Now

STEP_S = 0.05
STEPS = 1600
CALL_TIMEOUT_S = 0.8
#: Long enough for a lease to run out, to be taken, and for what was late on the way.
HEALING_S = 12.0
TICKER = "KXA-1"
EPOCH_2026 = 1_800_000_000 * SECOND


class Call(NamedTuple):
    """A request on its way to the bucket; without a write it reads."""

    caller: "Instance"
    number: int
    write: Write | None
    arrives_at: float
    answer_takes_s: float | None


class Bucket:
    """One entry, changed by compare-and-set when a call arrives, which may be long after its caller gave up."""

    def __init__(self) -> None:
        self.held: Held | None = None
        self.calls: list[Call] = []
        self.answers: list[tuple[float, Call, Held | int | None]] = []
        self._revision = 0

    def run(self, time: float) -> None:
        """Do what has arrived and bring the answers that are due."""
        for call in sorted(self.calls, key=lambda call: call.arrives_at):
            if call.arrives_at <= time:
                self.calls.remove(call)
                result = self._do(call.write)
                if call.answer_takes_s is not None:
                    self.answers.append((time + call.answer_takes_s, call, result))
        for answer in list(self.answers):
            at, call, result = answer
            if at <= time and call.caller.is_awake(time):
                self.answers.remove(answer)
                call.caller.answered(call, result, time)

    def lose(self) -> None:
        """Forget everything."""
        # Revisions begin anew then. That one is met again, and between the two halves of a turn, is left out here.
        self.held = None

    def _do(self, write: Write | None) -> Held | int | None:
        if write is None:
            return self.held
        if (self.held.revision if self.held is not None else None) != write.revision:
            return None
        self._revision += 1
        self.held = Held(self._revision, write.leader)
        return self._revision


class Instance:
    """One gateway: its clocks, its shell in small, and what it publishes."""

    def __init__(self, name: str, random: Random, bucket: Bucket, wall_s: float) -> None:
        self.leadership = Leadership(name, alone=False)
        self.markets = Markets(name, Subjects(), Output())
        self.markets.add(TICKER)
        self.wall_s = wall_s
        self.sleeps_until = 0.0
        self.cut_off = False
        self.feeds = False
        self._random = random
        self._bucket = bucket
        self._rate = random.uniform(0.995, 1.005)
        self._offset = random.uniform(0, 1e6)
        self._number = 0
        self._asked: tuple[Call, float] | None = None
        self._turn_at = 0.0
        self._closes_at: float | None = None

    def is_awake(self, time: float) -> bool:
        """Whether the process runs."""
        return time >= self.sleeps_until

    def now(self, time: float) -> Now:
        """Read both clocks."""
        return Now(self._offset + time * self._rate, EPOCH_2026 + round((time + self.wall_s) * SECOND))

    def speaks(self, time: float) -> bool:
        """Whether it would publish if it had something to say."""
        return self.leadership.speaks(self.now(time).at)

    def run(self, time: float) -> None:
        """Do what the shell does in one turn of its loop."""
        role = self.leadership.tick(self.now(time).at)
        if not self.feeds and self._closes_at is None and role is Role.LEADER:
            self.feeds = True
            self._bound()
        elif self.feeds and role is not Role.LEADER:
            self.stop(time)
        if self._closes_at is not None and time >= self._closes_at:
            self._closes_at = None
            self.leadership.follow()
        self._turn(time)

    def stop(self, time: float) -> None:
        """Give up leading."""
        self.leadership.hand_over()
        self.leadership.mute()
        self.feeds = False
        self._closes_at = time + self._random.uniform(0, 1)

    def publish(self, time: float) -> int | None:
        """Publish a snapshot if that is allowed, and return its epoch."""
        if not self.feeds or not self.speaks(time):
            return None
        self.markets.snapshot(TICKER, (), (), exchange_seq=1, received_ts=self.now(time).ts)
        return self.markets.largest_epoch

    def answered(self, call: Call, result: Held | int | None, time: float) -> None:
        """Take an answer, unless it was given up."""
        if self._asked is None or self._asked[0].number != call.number:
            return
        started_at = self._asked[1]
        self._asked = None
        now = self.now(time)
        if call.write is None:
            assert not isinstance(result, int)
            self.leadership.read(result, now)
            self._write(time)
        elif isinstance(result, int):
            self.leadership.written(call.write, result, started_at, now)
            self._bound()
        else:
            self.leadership.failed()

    def _turn(self, time: float) -> None:
        if self._asked is not None:
            if self.now(time).at - self._asked[1] > CALL_TIMEOUT_S:
                self._asked = None
                self.leadership.failed()
            return
        if time < self._turn_at:
            return
        if self.leadership.reads:
            self._ask(None, time)
        else:
            self._write(time)

    def _write(self, time: float) -> None:
        write = self.leadership.due(self.markets.largest_epoch, self.now(time))
        if write is not None:
            self._ask(write, time)

    def _ask(self, write: Write | None, time: float) -> None:
        self._number += 1
        there, back = (self._random.choice([0.0, 0.01, 0.1, 0.1, 0.3]) for _ in range(2))
        call = Call(self, self._number, write, time + there, back)
        self._asked = call, self.now(time).at
        self._turn_at = time + self.leadership.pause(self.now(time).at)
        luck = 1.0 if not self.cut_off else self._random.random()
        if luck < 0.4:
            return
        if luck < 0.7:
            call = call._replace(arrives_at=time + self._random.uniform(0, 5))
        if luck < 1.0:
            call = call._replace(answer_takes_s=None)
        self._bucket.calls.append(call)

    def _bound(self) -> None:
        if self.leadership.role is Role.LEADER:
            self.markets.bound_epochs(above=self.leadership.floor, upto=self.leadership.limit)


class World:
    """Instances around one bucket; with `loses` the bucket can be lost, else the clocks can jump."""

    def __init__(self, seed: int, *, loses: bool) -> None:
        self._random = Random(seed)
        self._bucket = Bucket()
        self._loses = loses
        self._born = 0
        self._time = 0.0
        self._lost_at = 0.0
        self.instances = [self._instance() for _ in range(self._random.choice([2, 3]))]
        self.epochs: list[int] = []
        self._actions: list[tuple[Callable[[], None], int]] = [
            (lambda: None, 400),
            (self._sleep, 3),
            (self._cut, 4),
            (self._kill, 1),
            (self._hand_over, 2),
            (self._lose if loses else self._jump, 1),
        ]

    def live(self) -> None:
        """Let random things happen."""
        actions, weights = zip(*self._actions, strict=True)
        for action in self._random.choices(actions, weights, k=STEPS):
            action()
            self._step()

    def heal(self) -> None:
        """Let nothing more happen for a while."""
        for instance in self.instances:
            instance.cut_off = False
            instance.sleeps_until = 0.0
        for _ in range(round(HEALING_S / STEP_S)):
            self._step()

    def speaking(self) -> list[Instance]:
        """Return those that may publish, asleep or not."""
        return [instance for instance in self.instances if instance.speaks(self._time)]

    def _step(self) -> None:
        self._time += STEP_S
        self._bucket.run(self._time)
        self._random.shuffle(self.instances)
        for instance in self.instances:
            if instance.is_awake(self._time):
                # What comes from the exchange can be handled before or after the timers.
                late = self._random.random() < 0.5
                if late:
                    instance.run(self._time)
                self._publish(instance)
                if not late:
                    instance.run(self._time)
        assert len(self.speaking()) <= 1

    def _publish(self, instance: Instance) -> None:
        epoch = instance.publish(self._time) if self._random.random() < 0.7 else None
        if epoch is not None:
            self.epochs.append(epoch)

    def _instance(self) -> Instance:
        self._born += 1
        wall_s = self._random.uniform(-0.1, 0.1) if self._loses else self._random.uniform(-3600, 3600)
        return Instance(f"gateway-{self._born}", self._random, self._bucket, wall_s)

    def _any(self) -> Instance:
        return self._random.choice(self.instances)

    def _sleep(self) -> None:
        self._any().sleeps_until = self._time + self._random.uniform(0, 8)

    def _cut(self) -> None:
        instance = self._any()
        instance.cut_off = not instance.cut_off

    def _kill(self) -> None:
        self.instances.remove(self._any())
        self.instances.append(self._instance())

    def _lose(self) -> None:
        # Made anew and lost again within a lease, a bucket can hide its leader from who looks every tenth of a second.
        if self._time >= self._lost_at + 2 * LEASE_S:
            self._lost_at = self._time
            self._bucket.lose()

    def _jump(self) -> None:
        self._any().wall_s += self._random.uniform(-3600, 3600)

    def _hand_over(self) -> None:
        for instance in self.instances:
            if instance.feeds and instance.is_awake(self._time):
                instance.stop(self._time)


@pytest.mark.parametrize("loses", [False, True], ids=["clocks jump", "buckets get lost"])
@pytest.mark.parametrize("seed", range(14))
def test_one_speaks(seed: int, loses: bool) -> None:
    """Never two may publish at once, epochs only grow, and when nothing more happens one is live."""
    world = World(seed, loses=loses)
    world.live()
    assert all(one < next_one for one, next_one in pairwise(world.epochs))
    world.heal()
    assert len(world.speaking()) == 1
    assert world.speaking()[0].feeds
    assert all(one < next_one for one, next_one in pairwise(world.epochs))
