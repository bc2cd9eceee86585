"""Requests with a head that is too long, or that two readers may understand differently, are refused before routing."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from litestar.types import HTTPScope

from domain.errors import DomainError
from interfaces.resources.refusals import HeaderRepeated, HostInvalid, NotFound, TargetTooLong, TransferCodingUnknown

TARGET_BYTES_MAX: Final = 8 * 1024
_HOST_BYTES_MAX: Final = 512
_PORT_MAX: Final = 65_535
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{0,5}))?")
_AMBIGUOUS: Final = re.compile(r"//|\\|/\.\.?(?:/|$)")
"""Empty segments, backslashes and dot segments: a proxy that guards a path may read them differently."""

_SINGLE: Final = {
    name.lower().encode(): name
    for name in (
        "Authorization",
        "Content-Encoding",
        "Content-Length",
        "Content-Type",
        "Host",
        "Idempotency-Key",
        "Tallystick-Position",
    )
}
"""Headers with a single value: of two, a proxy may read the first and this server the last."""


def refusal_of_head(scope: HTTPScope, headers: Mapping[bytes, bytes]) -> DomainError | None:
    """The refusal of the request; None for a request that can be routed."""
    if (repeated := _repeated(scope)) is not None:
        return HeaderRepeated(name=repeated)
    raw_path, path = scope["raw_path"], scope["path"]
    if len(raw_path) + len(scope["query_string"]) > TARGET_BYTES_MAX:
        return TargetTooLong(bytes_max=TARGET_BYTES_MAX)
    host = headers.get(b"host", b"")
    # granian gives a request without Host an empty one; HTTP/1.0, its version "1", needs none.
    if not (_is_host(host[: _HOST_BYTES_MAX + 1]) if host else scope["http_version"] == "1"):
        return HostInvalid()
    if headers.get(b"transfer-encoding", b"chunked").lower() != b"chunked":
        return TransferCodingUnknown()
    # A slash that came percent-encoded has become a separator.
    if raw_path.count(b"/") != path.count("/") or _AMBIGUOUS.search(path):
        return NotFound()
    return None


def _repeated(scope: HTTPScope) -> str | None:
    seen = set[bytes]()
    for name, _ in scope["headers"]:
        if name in seen:
            return _SINGLE[name]
        if name in _SINGLE:
            seen.add(name)
    return None


@lru_cache(maxsize=256)
def _is_host(host: bytes) -> bool:
    match = _HOST.fullmatch(host)
    return match is not None and len(host) <= _HOST_BYTES_MAX and int(match["port"] or 0) <= _PORT_MAX
