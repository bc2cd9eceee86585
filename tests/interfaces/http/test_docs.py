"""The page at /docs names nothing from outside, and its Content-Security-Policy forbids the rest."""

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from litestar import Litestar

from interfaces.http.server import docs
from interfaces.http.server.docs import docs_routes
from tests.support.running import Merchant

ASSETS = Path(docs.__file__).parent / "assets"
PAGE = (ASSETS / "docs.html").read_text()
[SCALAR] = ASSETS.glob("scalar-*.js")


class _Attributes(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            self.values.setdefault(name, []).append(value or "")


def test_the_page_names_only_what_we_serve() -> None:
    attributes = _Attributes(PAGE).values
    assert attributes["src"] == [f"/docs/assets/{SCALAR.name}"]
    assert attributes["data-url"] == ["/openapi.json"]
    assert set(attributes["href"]) == {"data:,", "/openapi.json"}
    assert "//" not in PAGE
    assert not re.search(r"url\(|@import|<style|\son\w+=", PAGE)


def test_the_reader_is_told_to_stay_at_home() -> None:
    [configuration] = _Attributes(PAGE).values["data-configuration"]
    settings = json.loads(configuration)
    assert settings["withDefaultFonts"] is False
    assert settings["telemetry"] is False
    assert settings["proxyUrl"] == ""
    assert settings["agent"] == {"disabled": True}
    assert settings["mcp"] == {"disabled": True}
    assert settings["showDeveloperTools"] == "never"


def test_all_that_the_bundle_could_load_from_outside_is_its_fonts_which_are_off() -> None:
    bundle = SCALAR.read_text()
    loading = (
        r"""(?:url\(|@import\s|\bsrc=|\.src\s*=|importScripts\(|import\()\s*["'`\\]*((?:https?:|wss?:)?//[^"'`)\s]+)"""
    )
    assert {re.sub(r"[^/]*$", "", url) for url in re.findall(loading, bundle)} <= {"https://fonts.scalar.com/"}


def test_the_bundle_is_the_one_that_was_looked_at() -> None:
    readme = (ASSETS / "README.md").read_text()
    assert SCALAR.name in readme
    assert hashlib.sha256(SCALAR.read_bytes()).hexdigest() in readme


async def test_the_page_is_served_with_a_policy_that_forbids_the_outside(merchant: Merchant) -> None:
    reply = await merchant.get("/docs", headers={"Authorization": ""})
    assert (reply.status, reply.body) == (200, PAGE.encode())
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in reply.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    allowed = {source for sources in policy.values() for source in sources.split()}
    assert allowed == {"'none'", "'self'", "'unsafe-inline'", "data:"}


async def test_the_bundle_is_served(merchant: Merchant) -> None:
    reply = await merchant.get(f"/docs/assets/{SCALAR.name}", headers={"Authorization": ""})
    assert (reply.status, reply.body) == (200, SCALAR.read_bytes())
    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert (await merchant.get("/docs/assets/README.md")).status == 404


async def test_the_bundle_is_read_by_the_server_and_not_kept_in_memory_for_each_client() -> None:
    app = Litestar([docs_routes({})], openapi_config=None, logging_config=None)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": "GET", "path": f"/docs/assets/{SCALAR.name}", "headers": [], "state": {}}
    await app({**scope, "query_string": b"", "raw_path": scope["path"].encode()}, None, send)  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.pathsend"]
    assert sent[1]["path"] == str(SCALAR)
