"""/openapi.json, and its page /docs, which loads nothing from outside: no CDN, no fonts, no telemetry."""

from collections.abc import Mapping
from copy import copy
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from litestar import Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

_ASSETS = Path(__file__).parent / "assets"
_SCALAR = "scalar-1.46.4.js"

# Scalar puts its styles into the page at run time; nothing else needs an exception.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
}


def docs_routes(document: dict[str, Any]) -> Router:
    """The routes that show `document`; the document itself leaves them out."""
    handlers = [
        _serving("/openapi.json", msgspec.json.encode(document), "application/json"),
        _serving("/docs", (_ASSETS / "docs.html").read_bytes(), "text/html", _PAGE_HEADERS),
        _serving_file(f"/docs/assets/{_SCALAR}", _ASSETS / _SCALAR, "text/javascript"),
    ]
    return Router("/", route_handlers=handlers)


def _serving(
    path: str, content: bytes, media_type: str, headers: Mapping[str, str] = MappingProxyType({})
) -> HTTPRouteHandler:
    @get(path, include_in_schema=False, sync_to_thread=False)
    def serve() -> Response[bytes]:
        return Response(content, media_type=media_type, headers=dict(headers))

    return serve


def _serving_file(path: str, file: Path, media_type: str) -> HTTPRouteHandler:
    """The server sends the file from disk at the client's speed: a response from memory would hold a copy of the file
    for each slow client."""
    size = str(file.stat().st_size).encode()
    content_type = f"{media_type}; charset=utf-8".encode()
    start: Any = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", content_type), (b"content-length", size)],
    }
    sent: Any = {"type": "http.response.pathsend", "path": str(file)}

    async def send_file(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(copy(start))
        await send(sent)

    @get(path, include_in_schema=False, sync_to_thread=False)
    def serve() -> ASGIApp:
        return send_file

    return serve
