"""Merchants and operators are authenticated by keys, sent as bearer tokens; a key of any other kind gets 404 on the
operators' routes, which do not exist for merchants. Providers sign their webhooks instead."""

from typing import Final

from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from application.access.merchant import Keys, KnownKey, digest
from application.access.operator import KEY_PREFIX, KnownOperator, OperatorKeys
from interfaces.http.server.services import Services
from interfaces.resources.refusals import MissingKey, NotFound, UnknownKey

OPEN_PATHS = ["^/health/", "^/docs(/|$)", "^/openapi\\.json$", "^/metrics$", "^/v1/provider_webhooks/"]
OPERATORS_PATH: Final = "/v1/operator/"


class KeyAuthentication(AbstractAuthenticationMiddleware):
    """Sets `request.user` to the KnownKey, or the KnownOperator."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, exclude=OPEN_PATHS)

    async def authenticate_request(self, connection: ASGIConnection) -> AuthenticationResult:  # type: ignore[type-arg]
        services: Services = connection.app.state.services
        authorization = connection.headers.get("authorization")
        user: KnownKey | KnownOperator
        if connection.scope["path"].startswith(OPERATORS_PATH):
            user = await known_operator(services.operators, authorization)
        else:
            user = await known_key(services.keys, authorization)
        return AuthenticationResult(user=user, auth=None)


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
