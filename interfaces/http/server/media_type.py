"""A body with another media type is not read as JSON: browsers send such bodies to other sites unasked, and proxies
that inspect JSON let them pass."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from interfaces.resources.refusals import MediaTypeRefused

_WORD: Final = r"[!#$%&'*+.^_`|~0-9a-z-]++"
_PARAMETER: Final = rf"""charset=(?:utf-8|"utf-8")|(?!charset=){_WORD}=(?:{_WORD}|"[^"\\]*+")"""
_JSON: Final = re.compile(rf"application/json[ \t]*+(?:;[ \t]*+(?:{_PARAMETER})?+[ \t]*+)*+")
"""JSON is UTF-8 (RFC 8259, section 8.1); other parameters say nothing (section 11)."""


def require_json(headers: Mapping[bytes, bytes]) -> None:
    """Raises MediaTypeRefused. Called once the body has been received: the connection can then be used again."""
    media_type = headers.get(b"content-type", b"application/json").decode("latin-1")
    if not _is_json(media_type) and headers.get(b"content-length") != b"0":
        raise MediaTypeRefused(media_type=media_type)


@lru_cache(maxsize=64)
def _is_json(media_type: str) -> bool:
    return _JSON.fullmatch(media_type.strip().lower()) is not None
