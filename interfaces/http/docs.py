"""/openapi.json and a page to read it at /docs, which loads nothing from outside: no CDN, no fonts, no telemetry."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from litestar import Response, Router, get
from litestar.handlers import HTTPRouteHandler

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
    """The routes that show `document`; they are in no document themselves."""
    handlers = [
        _serving("/openapi.json", msgspec.json.encode(document), "application/json"),
        _serving("/docs", (_ASSETS / "docs.html").read_bytes(), "text/html", _PAGE_HEADERS),
        _serving(f"/docs/assets/{_SCALAR}", (_ASSETS / _SCALAR).read_bytes(), "text/javascript"),
    ]
    return Router("/", route_handlers=handlers)


def _serving(
    path: str, content: bytes, media_type: str, headers: Mapping[str, str] = MappingProxyType({})
) -> HTTPRouteHandler:
    @get(path, include_in_schema=False, sync_to_thread=False)
    def serve() -> Response[bytes]:
        return Response(content, media_type=media_type, headers=dict(headers))

    return serve
