"""One market as the crowd remembers it: what its book was like at first, where its price comes from and goes to."""

from statistics import median

from proto.units import CONTRACT, DOLLAR, Side
from services.simulator.world.ticks import Ticks
from shared.market.book import Book, BookSide

#: Levels of more than so many usual ones are walls: they do not count when it is asked how full a side is.
_WALL = 20
#: No order is larger than one part in so many of its side.
_LARGEST = 4


class Half:
    """One side of a market; `levels` and `quantity` are how many levels it had and what rested on them, walls apart.

    `largest` is the largest order that fits.
    """

    __slots__ = ("_walls", "bids", "largest", "levels", "other", "place", "quantity", "side")

    def __init__(self, place: "Place", side: Side, typical: int) -> None:
        self.place = place
        self.side: Side = side
        self.other = self
        self.bids: BookSide = place.book.side(side)
        usual = [quantity for quantity in self.bids.levels.values() if quantity <= typical * _WALL]
        self.levels = len(self.bids.levels)
        self.quantity = max(sum(usual), 1)
        self.largest = max(self.quantity // _LARGEST, typical, CONTRACT) // CONTRACT * CONTRACT
        self._walls = self.bids.quantity - sum(usual)

    def excess(self) -> float:
        """Return by how much more rests here than once did: 0 for as much, -1 for nothing at all."""
        return (self.bids.quantity - self._walls) / self.quantity - 1

    def crowding(self) -> float:
        """Return by how much more levels there are than once were."""
        return len(self.bids.levels) / (self.levels or 1) - 1

    def up(self) -> float:
        """Return how probable it is that whoever betters a price does so on this side."""
        return self.place.up if self.side == "yes" else 1 - self.place.up

    def middle(self) -> int:
        """Return the position of the last known price, seen from this side."""
        return int(self.place.middle if self.side == "yes" else self.place.top - self.place.middle)

    def look(self) -> tuple[int | None, int]:
        """Return the positions of the best bid, None without one, and of the highest bid that would not trade."""
        place = self.place
        bid, _ = self.bids.best_two()
        against, _ = self.other.bids.best_two()
        index = place.index
        best = index.get(bid) if bid in index else None if bid is None else place.ticks.position(bid)
        if against is None:
            home = place.home if self.side == "yes" else place.top - place.home
            return best, min(int(home) + 1, place.top)
        above = index.get(DOLLAR - against)
        ceiling = place.ticks.position(DOLLAR - against - 1) if above is None else above - 1
        if best is not None:
            middle = (best + ceiling + 1) / 2
            place.middle = middle if self.side == "yes" else place.top - middle
        return best, ceiling


class Place:
    """A market in the crowd's mind. Positions count ticks; those that are not said to be a side's are of yes."""

    def __init__(self, book: Book, ticks: Ticks, index: dict[int, int], *, usual: int, spread: int) -> None:
        resting = [*book.yes.levels.values(), *book.no.levels.values()]
        typical = int(median(resting)) if resting else usual
        self.book = book
        self.ticks = ticks
        self.index = index
        self.top = len(ticks.prices) - 1
        self.scale = max(typical // usual, 1)
        self.yes = Half(self, "yes", typical)
        self.no = Half(self, "no", typical)
        self.yes.other, self.no.other = self.no, self.yes
        low, high = self._quote()
        self.spread = max(high - low, spread)
        self.home = self.middle = (low + high) / 2
        self.drift = 0.0
        self.up = 0.5

    def position(self, price: int) -> int:
        """Return the position of a price, or of the next one below if it is not on the grid."""
        position = self.index.get(price)
        return self.ticks.position(price) if position is None else position

    def _quote(self) -> tuple[int, int]:
        yes, no = self.yes.bids.best_two()[0], self.no.bids.best_two()[0]
        low = None if yes is None else self.position(yes)
        high = None if no is None else self.position(DOLLAR - no)
        if low is None:
            return (self.top // 2, self.top // 2) if high is None else (high, high)
        return low, low if high is None else high
