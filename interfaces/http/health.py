"""/health: whether the process runs, and whether it can take payments."""

from typing import Any, Literal

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from application.store import StoreUnavailable
from interfaces.http.documented import reply
from interfaces.http.reply import resource
from interfaces.services import Services


class Liveness(Struct, frozen=True):
    status: Literal["live"]


class Readiness(Struct, frozen=True, kw_only=True):
    """`bus` may be away while `status` is ready: payments go on, and the views catch up later."""

    status: Literal["ready", "unavailable"]
    database: bool
    bus: bool


class HealthController(Controller):
    path = "/health"
    tags = ("Health",)

    @get(
        "/live",
        operation_id="live",
        summary="Does the process run?",
        responses={200: reply(Liveness, "It runs")},
    )
    async def live(self) -> Response[Any]:
        return resource(Liveness("live"))

    @get(
        "/ready",
        operation_id="ready",
        summary="Can it take payments?",
        responses={200: reply(Readiness, "It can"), 503: reply(Readiness, "The database does not answer")},
    )
    async def ready(self, services: NamedDependency[Services]) -> Response[Any]:
        """503 while the database does not answer."""
        try:
            await services.store.head()
            database = True
        except StoreUnavailable:
            database = False
        readiness = Readiness(
            status="ready" if database else "unavailable", database=database, bus=services.is_bus_connected()
        )
        response = resource(readiness)
        if not database:
            response.status_code = 503
            response.headers["Retry-After"] = "1"
        return response
