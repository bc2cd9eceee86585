"""/metrics, for the operator's Prometheus: unversioned, undocumented, and 404 for every other client.

With a token set, the token as a bearer token gives access. Without a token, only connections from this machine that
came through no proxy have access, as a proxy may forward anybody.
"""

import hmac
import ipaddress
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from interfaces.http.server.services import Services
from interfaces.resources.refusals import NotFound

TEXT_FORMAT = "text/plain; version=0.0.4"
_PROXIED = ("forwarded", "x-forwarded-for", "via")


@get("/metrics", include_in_schema=False)
async def metrics(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """The counters of the server processes, and the condition of the system. Raises NotFound."""
    if not _may_read(request, services.metrics_token):
        raise NotFound()
    return Response(await services.metrics(), media_type=TEXT_FORMAT)


def _may_read(request: Request[Any, Any, Any], token: str) -> bool:
    if token:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    return _is_loopback(request) and not any(name in request.headers for name in _PROXIED)


def _is_loopback(request: Request[Any, Any, Any]) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
