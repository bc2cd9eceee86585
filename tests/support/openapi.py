"""The OpenAPI document, described once a process: nobody changes it."""

from functools import cache
from typing import Any

from interfaces.http.server.app import openapi_document


@cache
def document() -> dict[str, Any]:
    return openapi_document()
