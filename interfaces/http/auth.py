"""A merchant is known by its API key, sent as a bearer token; a route under /v1 is open to nobody else."""

from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from application.merchant import Keys, KnownKey, digest
from interfaces.http.refusals import MissingKey, UnknownKey
from interfaces.services import Services

OPEN_PATHS = ["^/health/", "^/docs(/|$)", "^/openapi\\.json$", "^/metrics$"]


class KeyAuthentication(AbstractAuthenticationMiddleware):
    """Sets `request.user` to the KnownKey."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, exclude=OPEN_PATHS)

    async def authenticate_request(self, connection: ASGIConnection) -> AuthenticationResult:  # type: ignore[type-arg]
        services: Services = connection.app.state.services
        key = await known_key(services.keys, connection.headers.get("authorization"))
        return AuthenticationResult(user=key, auth=None)


async def known_key(keys: Keys, authorization: str | None) -> KnownKey:
    """The key in an Authorization header. Raises MissingKey, UnknownKey."""
    scheme, _, secret = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise MissingKey()
    key = await keys.find_key(digest(secret.strip()))
    if key is None:
        raise UnknownKey()
    return key
