"""Pages hold everything once, whatever comes and goes between them."""

import re
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from services.simulator.rest.pages import Place, newest, page

places = st.builds(Place, st.integers(0, 5), st.text("AB-.1", min_size=1, max_size=4))


def _page(items: Iterable[Place], cursor: str, limit: int) -> tuple[list[Place], str]:
    return page(newest(((item, item) for item in items), cursor), limit)


def _walk(items: list[Place], limit: int) -> list[list[Place]]:
    pages, cursor = [], ""
    while True:
        found, cursor = _page(items, cursor, limit)
        pages.append(found)
        if not cursor:
            return pages


@given(st.sets(places), st.integers(1, 4))
def test_pages_together_hold_everything_newest_first(items: set[Place], limit: int) -> None:
    """All pages but the last are full, and together they are the whole list in order."""
    pages = _walk(list(items), limit)
    assert [item for found in pages for item in found] == sorted(items, reverse=True)
    assert all(len(found) == limit for found in pages[:-1])
    assert pages[-1] or not items


def test_what_comes_and_goes_does_not_shift_pages() -> None:
    """The next page begins where the last one ended, though its last item has gone and newer ones have come."""
    items = [Place(ts, "A") for ts in range(6)]
    _, cursor = _page(items, "", 2)
    later = [Place(9, "A"), *items]
    later.remove(Place(4, "A"))
    assert _page(later, cursor, 2)[0] == [Place(3, "A"), Place(2, "A")]


@given(st.text(max_size=40))
def test_garbage_cursor_gives_the_first_page(cursor: str) -> None:
    """A cursor of unknown make is ignored, not refused."""
    assert _page([Place(10**9, "A")], cursor, 1)[0] == [Place(10**9, "A")]


def test_cursor_fits_into_an_address() -> None:
    """A cursor needs no escapes in a query string."""
    _, cursor = _page([Place(1, "A?"), Place(2, "B>~")], "", 1)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
