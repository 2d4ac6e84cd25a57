"""A follower on a stage: messages, heartbeats and time in; what a listener was told, out."""

from proto.book import BookMessage, Delta, Snapshot, Stale
from proto.requests import BookImage
from proto.system import Heartbeat
from proto.units import StaleReason, Status
from shared.market.clock import Now
from shared.market.follower import Follower

A, B = "KXA-1", "KXB-1"
GATEWAY = "gateway-0"


class Scene:
    """A follower, its clock and its gateway's heartbeats; `heard` is what a listener was told."""

    def __init__(self, *accepted: str) -> None:
        self.at = 100.0
        self.heard: list[BookMessage] = []
        self.follower = Follower(
            {}, accepts=lambda ticker: not accepted or ticker in accepted, random=lambda: 0.5, started_at=self.at
        )
        self._counters: dict[str, int] = {}

    @property
    def now(self) -> Now:
        """Both clocks."""
        return Now(self.at, round(self.at * 1_000_000))

    def receive(self, *messages: BookMessage) -> None:
        """Bring messages of the bus."""
        for message in messages:
            self._hear(self.follower.received(message, self.now))

    def bring(self, image: BookImage) -> None:
        """Bring a book that was asked for."""
        self._hear(self.follower.image(image, self.now))

    def beat(
        self,
        heads: dict[str, tuple[int, int]],
        *,
        stale: tuple[str, ...] = (),
        gone: tuple[str, ...] = (),
        instance: str = GATEWAY,
        lost: int = 0,
    ) -> None:
        """Bring a heartbeat, `lost` ones having been lost before it."""
        counter = self._counters.get(instance, 0) + lost
        self._counters[instance] = counter + 1
        beat = Heartbeat(instance, counter, self.now.ts, connected=True, markets=2, heads=heads, stale=stale, gone=gone)
        self.heard += self.follower.heartbeat(beat, self.now)

    def wait(self, seconds: float, *, beating: bool = False) -> None:
        """Pass time in tenths of a second, with empty heartbeats or without."""
        for tenth in range(round(seconds * 10)):
            self.at += 0.1
            if beating and tenth % 10 == 9:
                self.beat({})
            self.heard += self.follower.tick(self.now)

    def lose_bus(self) -> None:
        """Let the bus break."""
        self.heard += self.follower.broken(self.now)

    def reason(self, ticker: str = A) -> StaleReason | None:
        """Tell why a market is stale; None if it is live."""
        return self.follower.replicas[ticker].reason

    def last_heard(self) -> tuple[str, str]:
        """Tell the last thing a listener was told: its type, and its reason or (epoch, seq)."""
        message = self.heard[-1]
        if isinstance(message, Stale):
            return "stale", message.reason
        return type(message).__name__.lower(), f"{message.epoch}.{message.seq}"

    def _hear(self, message: BookMessage | None) -> None:
        if message is not None:
            self.heard.append(message)


def snapshot(epoch: int, ticker: str = A) -> Snapshot:
    """Make the start of an epoch."""
    return Snapshot(ticker, epoch, 0, None, epoch, 1, ((5000, 100),), ())


def delta(epoch: int, seq: int, ticker: str = A) -> Delta:
    """Make a change."""
    return Delta(ticker, epoch, seq, None, epoch + seq, 2, "yes", 5000, 10)


def image(epoch: int, seq: int, status: Status = "live") -> BookImage:
    """Make a book as book_builder would send it."""
    return BookImage(A, epoch, seq, status, epoch, ((5000, 100 + 10 * seq),), ())


def live_scene() -> Scene:
    """Return a scene whose market A is live at (7, 1), and said so by a heartbeat."""
    scene = Scene()
    scene.receive(snapshot(7), delta(7, 1))
    scene.beat({A: (7, 1)})
    scene.follower.heads_wanted = False
    assert scene.reason() is None
    scene.heard.clear()
    return scene
