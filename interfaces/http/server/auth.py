"""Merchants and operators are authenticated by keys, sent as bearer tokens; a key of any other kind gets 404 on the
operators' routes, which do not exist for merchants. Providers sign their webhooks instead."""

import re
from typing import Final

from litestar.enums import HttpMethod

from application.access.merchant import Keys, KnownKey, digest
from application.access.operator import KEY_PREFIX, KnownOperator, OperatorKeys
from interfaces.http.server.services import Services
from interfaces.resources.refusals import MissingKey, NotFound, UnknownKey

OPEN_PATHS: Final = re.compile(r"/health/|/docs(?:/|$)|/openapi\.json$|/metrics$|/v1/provider_webhooks/")
OPERATORS_PATH: Final = "/v1/operator/"


def needs_key(path: str, method: str) -> bool:
    """Whether a request for the route at `path` has to have a key."""
    return method != HttpMethod.OPTIONS and not OPEN_PATHS.match(path)


async def known_sender(services: Services, path: str, authorization: str | None) -> KnownKey | KnownOperator:
    """The owner of the key in an Authorization header. Raises MissingKey, NotFound, UnknownKey."""
    if path.startswith(OPERATORS_PATH):
        return await known_operator(services.operators, authorization)
    return await known_key(services.keys, authorization)


async def known_key(keys: Keys, authorization: str | None) -> KnownKey:
    """The key in an Authorization header. Raises MissingKey, UnknownKey."""
    key = await keys.find_key(digest(_secret(authorization)))
    if key is None:
        raise UnknownKey()
    return key


async def known_operator(keys: OperatorKeys, authorization: str | None) -> KnownOperator:
    """The operator whose key is in an Authorization header. Raises MissingKey, NotFound, UnknownKey."""
    secret = _secret(authorization)
    if not secret.startswith(KEY_PREFIX):
        raise NotFound()
    operator = await keys.find_operator(digest(secret))
    if operator is None:
        raise UnknownKey()
    return operator


def _secret(authorization: str | None) -> str:
    """Raises MissingKey."""
    scheme, _, secret = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise MissingKey()
    return secret.strip()
