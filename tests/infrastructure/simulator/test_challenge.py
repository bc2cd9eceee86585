"""The customer's page, as a browser without scripts uses it."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.infrastructure.simulator.api import Api

RETURN_URL = "http://shop.example/thanks?order=1&paid=maybe"


@pytest.fixture
async def browser(base_url: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url) as browser:
        yield browser


async def page_of(api: Api, **changed: Any) -> str:
    """The address of the page of a new charge."""
    charge = await api.charge("tok_3ds", **changed)
    return f"/v1/charges/{charge.json['id']}/challenge"


async def test_the_page_has_two_buttons_and_nothing_from_elsewhere(api: Api, browser: aiohttp.ClientSession) -> None:
    async with browser.get(await page_of(api)) as answer:
        page = await answer.text()
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert page.count("<button") == 2
    assert "<script" not in page
    assert "http" not in page


@pytest.mark.parametrize(("pressed", "status"), [("true", "authorized"), ("false", "declined")])
async def test_a_press_decides_and_leads_back_to_the_shop(
    api: Api, browser: aiohttp.ClientSession, pressed: str, status: str
) -> None:
    page = await page_of(api, return_url=RETURN_URL)
    async with browser.post(page, data={"approves": pressed}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, RETURN_URL)
    assert (await api.books_line(page.split("/")[3]))["status"] == status
    async with browser.post(page, data={"approves": "true"}, allow_redirects=False) as again:
        assert again.status == 409
    async with browser.get(page) as after:
        assert f"This charge is {status}" in await after.text()


async def test_without_a_return_url_the_page_says_what_was_decided(api: Api, browser: aiohttp.ClientSession) -> None:
    async with browser.post(await page_of(api), data={"approves": "true"}) as answer:
        assert (answer.status, "This charge is authorized" in await answer.text()) == (200, True)


async def test_another_form_decides_nothing(api: Api, browser: aiohttp.ClientSession) -> None:
    page = await page_of(api)
    async with browser.post(page, data={"approves": "perhaps"}) as answer:
        assert answer.status == 400
    assert (await api.books_line(page.split("/")[3]))["status"] == "requires_action"


async def test_an_unknown_charge_has_a_page_that_says_so(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/v1/charges/ch_unknown/challenge") as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")
