"""/health: whether the process runs, and whether it can take payments."""

from datetime import datetime
from typing import Any, Literal

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from msgspec import UNSET, Struct, UnsetType

from application.write.gate import StoreClosed
from application.write.store import StoreUnavailable
from interfaces.http.server.documented import reply
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services

DISK_FULL = "database: disk full"
SILENT = "database: does not answer"
NO_STANDBY = "database: no standby confirms"


class Liveness(Struct, frozen=True):
    status: Literal["live"]


class Readiness(Struct, frozen=True, kw_only=True):
    """`bus` may be away while `status` is ready: payments go on, and the views catch up later. A store that is closed
    since `closed_since` answers questions, keeps what providers tell, and takes no command. `reasons` says why the
    database cannot be used."""

    status: Literal["ready", "closed", "unavailable"]
    database: bool
    bus: bool
    closed_since: datetime | UnsetType = UNSET
    closed_because: str | UnsetType = UNSET
    reasons: tuple[str, ...] | UnsetType = UNSET


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
        responses={
            200: reply(Readiness, "It can"),
            503: reply(
                Readiness, "The database does not answer, its disk is full, or no standby confirms what it commits"
            ),
        },
    )
    async def ready(self, services: NamedDependency[Services]) -> Response[Any]:
        """503 while the database does not answer, has no room to write, or waits for a standby that is gone. 200 with
        the status `closed` while a restored store has not been reopened."""
        closed: StoreClosed | None = None
        reason = None
        try:
            await services.store.head()
            closed = services.gate.closed
            if not await services.has_room():
                reason = DISK_FULL
            elif not await services.has_standby():
                reason = NO_STANDBY
        except StoreUnavailable:
            reason = DISK_FULL if services.is_disk_full() else SILENT
        database = reason is None
        readiness = Readiness(
            status="unavailable" if not database else "ready" if closed is None else "closed",
            database=database,
            bus=services.is_bus_connected(),
            closed_since=UNSET if closed is None else closed.since,
            closed_because=UNSET if closed is None else closed.because,
            reasons=UNSET if reason is None else (reason,),
        )
        response = resource(readiness)
        if not database:
            response.status_code = 503
            response.headers["Retry-After"] = "1"
        return response
