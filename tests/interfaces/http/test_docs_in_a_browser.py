"""In a real browser the page at /docs shows the API, and asks nobody but us. `make .venv/bin/chromium` brings one."""

from pathlib import Path

import pytest

from interfaces.demo.book_checkers import located
from interfaces.runtime.supervisor import Stack

CHROMIUM = located("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.mark.system
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
async def test_the_page_shows_the_api_and_asks_nobody_else(stack: Stack, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.async_api", reason="no playwright: `make .venv/bin/chromium`")
    requested: list[str] = []
    wrong: list[str] = []
    async with playwright.async_playwright() as started:
        browser = await started.chromium.launch_persistent_context(
            tmp_path, executable_path=CHROMIUM, args=FLAGS, headless=True
        )
        page = await browser.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        await page.goto(f"{stack.url}/docs")
        await page.get_by_role("heading", name="Tallystick").wait_for()
        await page.get_by_role("heading", name="Create a payment").wait_for()
        await page.keyboard.press("Control+k")
        await page.keyboard.type("refund")
        await page.get_by_text("Give captured money back").first.wait_for()
        await browser.close()
    outside = [url for url in requested if not url.startswith((f"{stack.url}/", "data:"))]
    assert (outside, wrong) == ([], [])
    assert f"{stack.url}/openapi.json" in requested
