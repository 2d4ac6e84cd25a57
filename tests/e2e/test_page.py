"""The page in a real browser: it shows the exchange's books, or says that it does not know them."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright

from tests.stack import stack
from tests.truth import Levels, Truth, played_through, truth

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SHOWN = "KXBTC15M-26MAY141815-15"
PATIENCE_MS = 15_000

pytestmark = pytest.mark.browser


@contextlib.asynccontextmanager
async def _page(address: str, *, width: int = 1400) -> AsyncIterator[Page]:
    """Open the page while the block runs; an error of its scripts fails the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=CHROMIUM_FLAGS)
        page = await browser.new_page(viewport={"width": width, "height": 860})
        page.set_default_timeout(PATIENCE_MS)
        trouble: list[str] = []
        page.on("pageerror", lambda error: trouble.append(str(error)))
        await page.goto(address)
        yield page
        await browser.close()
        assert trouble == []


async def _held(page: Page) -> Truth:
    """Return the live books that the page holds."""
    books = await page.evaluate("() => window.fanout.books")
    return {
        ticker: {side: dict(book[side]) for side in ("yes", "no")}
        for ticker, book in books.items()
        if book["status"] == "live"
    }


async def _drawn(page: Page, ladder: str) -> Levels:
    """Return the levels that the page draws for the selected market."""
    levels = await page.eval_on_selector_all(
        f"{ladder} .level", "levels => levels.map(({ dataset }) => [dataset.price, dataset.qty])"
    )
    return {int(price): int(quantity) for price, quantity in levels}


async def test_page_shows_the_exchanges_books() -> None:
    """What the page holds for every market, and what it draws for one, is the simulator's book, level by level."""
    async with stack(SIM_CAPTURE="all", SIM_SPEED="2000", SIM_LOOP="0") as services:
        tickers = await services.start_all()
        async with _page(f"{services.relay_url}/#{SHOWN}") as page:
            await page.wait_for_function("() => window.fanout?.client.connection.phase === 'open'")
            await page.evaluate("tickers => window.fanout.client.subscribe('book', tickers)", tickers)
            await played_through(services.sim_url)
            expected = await truth(services.sim_url, tickers)
            async with asyncio.timeout(10):
                while await _held(page) != expected:
                    await asyncio.sleep(0.05)
            await page.wait_for_selector(f"#ladder[data-ticker='{SHOWN}'][data-status=live]")
            await page.wait_for_timeout(200)
            assert await _drawn(page, "#bids") == expected[SHOWN]["yes"]
            assert await _drawn(page, "#asks") == expected[SHOWN]["no"]
            assert len(expected[SHOWN]["yes"]) > 50


async def test_page_shows_movement_and_reacts_to_keys() -> None:
    """The ladder moves, the list tells bid, ask and age, and the keyboard reaches every market."""
    async with stack(SIM_CAPTURE="all") as services:
        tickers = await services.start_all()
        async with _page(f"{services.relay_url}/#{SHOWN}") as page:
            await page.wait_for_selector("#ladder[data-status=live]")
            before = await page.get_attribute("#ladder", "data-epoch"), await page.get_attribute("#ladder", "data-seq")
            await page.wait_for_function(
                "([epoch, seq]) => { const { dataset } = document.querySelector('#ladder');"
                " return dataset.epoch !== epoch || dataset.seq !== seq; }",
                arg=list(before),
            )
            await page.wait_for_function(f"() => Object.keys(window.fanout.markets).length === {len(tickers)}")
            row = page.locator(f"#list [role=option][data-ticker='{SHOWN}']")
            assert await row.locator(".bid").inner_text() != ""
            assert await row.locator(".age").inner_text() != ""
            await page.keyboard.press("/")
            await page.keyboard.type("AKEL")
            await page.wait_for_function("() => document.querySelectorAll('#list [role=option]').length === 1")
            await page.keyboard.press("Enter")
            await page.wait_for_selector("#ladder[data-ticker='KXNEXTPRESSEC-29JAN21-AKEL']")
            await page.set_viewport_size({"width": 360, "height": 740})
            wide = await page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth")
            assert wide is False


async def test_page_opens_a_market_that_moves() -> None:
    """A newcomer who chooses nothing still sees a moving ladder, and an address that leads to it."""
    async with stack(SIM_CAPTURE="all") as services:
        await services.start_all()
        async with _page(services.relay_url) as page:
            await page.wait_for_selector("#ladder[data-status=live]")
            shown = await page.get_attribute("#ladder", "data-ticker")
            assert await page.evaluate("() => location.hash") == f"#{shown}"


async def test_page_never_shows_an_old_book_as_live() -> None:
    """Stale markets, a lost exchange and a lost relay are told apart and said so; all heal by themselves."""
    async with stack(SIM_CAPTURE="all") as services:
        tickers = await services.start_all()
        async with _page(f"{services.relay_url}/#{SHOWN}") as page:
            await page.wait_for_selector("#ladder[data-status=live]")
            await services.stop("simulator")
            await page.wait_for_selector("#ladder[data-status=stale][data-reason=disconnected]")
            assert "stale" in await page.inner_text("#market-state")
            await services.start("simulator")
            await page.wait_for_selector("#ladder[data-status=live]", timeout=30_000)
            await services.stop("relay")
            await page.wait_for_selector("#banner[data-kind=lost]:not([hidden])")
            await page.wait_for_selector("#ladder[data-status=stale]")
            statuses = await page.evaluate("() => Object.values(window.fanout.markets).map(({ status }) => status)")
            assert statuses == ["stale"] * len(tickers)
            await services.start("relay")
            await page.wait_for_selector("#ladder[data-status=live]", timeout=30_000)
            await page.wait_for_selector("#banner", state="hidden")
