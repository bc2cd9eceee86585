"""The HTTP application: its routes, its layers, and the one place where an error becomes a reply."""

import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import HttpMethod
from litestar.exceptions import (
    ClientException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.middleware import DefineMiddleware
from litestar.utils.path import normalize_path

from domain.errors import DomainError
from interfaces.http.dispute.routes import DisputeController
from interfaces.http.ledger.balances import BalanceController
from interfaces.http.ledger.statements import StatementController
from interfaces.http.operator.dead_letters import DeadLetterController
from interfaces.http.operator.deliveries import DeliveryController
from interfaces.http.operator.ledger import OperatorLedgerController
from interfaces.http.operator.payouts import OperatorPayoutController
from interfaces.http.operator.settlements import OperatorSettlementController
from interfaces.http.payment.feed import EventController
from interfaces.http.payment.intents import PaymentIntentController
from interfaces.http.payment.refunds import RefundController
from interfaces.http.payment.routes import PaymentController
from interfaces.http.payment.search import PaymentSearchController
from interfaces.http.payout.bank_accounts import BankAccountController
from interfaces.http.payout.routes import PayoutController
from interfaces.http.server.bodies import BODY_BYTES_MAX
from interfaces.http.server.context import RequestContext, RequestWatcher, unwatched
from interfaces.http.server.direct import DirectRoutes
from interfaces.http.server.docs import docs_routes
from interfaces.http.server.entrance import Entrance, EntranceLayer
from interfaces.http.server.health import HealthController
from interfaces.http.server.metrics import metrics
from interfaces.http.server.openapi import describe
from interfaces.http.server.parts import require_parts
from interfaces.http.server.problem_response import problem_response, unexpected_response
from interfaces.http.server.services import Services
from interfaces.http.webhooks.routes import ProviderWebhookController
from interfaces.resources.problems.table import PROBLEMS
from interfaces.resources.refusals import BodyNotJson, BodyTooLarge, MethodNotAllowed, NotFound, ParameterInvalid

CONTROLLERS = (
    PaymentIntentController,
    PaymentController,
    PaymentSearchController,
    RefundController,
    DisputeController,
    BalanceController,
    StatementController,
    BankAccountController,
    PayoutController,
    EventController,
    ProviderWebhookController,
    DeadLetterController,
    DeliveryController,
    OperatorLedgerController,
    OperatorPayoutController,
    OperatorSettlementController,
    HealthController,
)

_MISSING = re.compile(r"Missing required query parameter '(?P<name>\w+)'")
"""Litestar's message, which is the only trace of a missing parameter's name."""

log = logging.getLogger(__name__)


def create_app(
    open_services: Callable[[], AbstractAsyncContextManager[Services]], watcher: RequestWatcher = unwatched
) -> Litestar:
    """The application; `open_services` is entered when the server starts and left when it stops. `watcher` is told of
    every request."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_services() as services:
            require_parts(services.parts, CONTROLLERS)
            app.state.services = services
            yield

    document = openapi_document()
    entrance = Entrance(document)
    app = Litestar(
        route_handlers=[*CONTROLLERS, docs_routes(document), metrics],
        lifespan=[lifespan],
        dependencies=_dependencies(),
        middleware=[DefineMiddleware(EntranceLayer, entrance=entrance)],
        exception_handlers={Exception: _reply},
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        # Litestar's own would take the process's JSON log lines away.
        logging_config=None,
    )
    # Around the router, not inside it: a path that leads nowhere has its ids and its log line too.
    app.asgi_handler = RequestContext(DirectRoutes(app, entrance, _reply), watcher)
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the API."""
    return describe(CONTROLLERS, _dependencies())


def _dependencies() -> dict[str, Provide]:
    return {"services": Provide(_services, sync_to_thread=False)}


def _services(state: State) -> Services:
    services: Services = state.services
    return services


def _reply(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    request_id = request.scope["state"].get("request_id", "")
    refusal = _refusal(request, error)
    if refusal is None:
        log.error("unexpected_error", exc_info=error)
        return unexpected_response(request_id)
    return problem_response(refusal, request_id)


def _refusal(request: Request[Any, Any, Any], error: Exception) -> Exception | None:
    """The error that has a row in the problem table; None for an unforeseen error."""
    if type(error) in PROBLEMS:
        return error
    match error:
        case RequestEntityTooLarge():
            return BodyTooLarge(bytes_max=BODY_BYTES_MAX)
        case NotFoundException():
            return NotFound()
        case MethodNotAllowedException():
            return MethodNotAllowed(allowed=", ".join(_allowed_methods(request)))
        case ValidationException():
            return _parameter_invalid(error)
        case ClientException():
            return BodyNotJson(reason=error.detail)
        case _:
            return None


def _parameter_invalid(error: ValidationException) -> DomainError:
    if missing := _MISSING.match(error.detail):
        return ParameterInvalid(field=missing["name"], reason="it is missing")
    first: Any = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    reason = str(first.get("message", error.detail)).replace("`", "'")
    return ParameterInvalid(field=str(first.get("key", "query")), reason=reason)


def _allowed_methods(request: Request[Any, Any, Any]) -> list[str]:
    path = normalize_path(request.scope["path"])

    def is_allowed(method: HttpMethod) -> bool:
        try:
            request.app.asgi_router.handle_routing(path=path, method=method)
        except MethodNotAllowedException:
            return False
        return True

    return sorted(method.value for method in HttpMethod if is_allowed(method))
