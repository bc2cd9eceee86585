"""/v1/operator/settlements: the report on a provider's settlements, for operators and auditors."""

from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from interfaces.http.server.documented import replies
from interfaces.http.server.parameters import DATE_TIME
from interfaces.http.server.position_header import WaitForPosition, wait_for_position
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.as_of import optional_instant
from interfaces.resources.refusals import ParameterInvalid
from interfaces.resources.settlement import SettlementReport, settlement_report_resource
from projections.provider.settlement_report import provider_settlements
from projections.provider.settlements import SETTLEMENTS

TITLES = {401: "No valid operator's key", 404: "Not an operator's key"}
ProviderParameter = Annotated[str, QueryParameter(name="provider", description="Our account at it, by its name")]
BeginParameter = Annotated[
    str | None, QueryParameter(name="from", description="An RFC 3339 time: at it or later", schema_extra=DATE_TIME)
]
EndParameter = Annotated[
    str | None, QueryParameter(name="to", description="An RFC 3339 time: before it", schema_extra=DATE_TIME)
]


class OperatorSettlementController(Controller):
    path = "/v1/operator/settlements"
    tags = ("Operators",)

    @get(
        "/",
        operation_id="get_settlement_report",
        summary="What a provider has settled, and at what cost",
        responses=replies(200, SettlementReport, "By currency and kind of movement", 404, titles=TITLES),
    )
    async def report(
        self,
        services: NamedDependency[Services],
        provider: ProviderParameter,
        begin: BeginParameter = None,
        end: EndParameter = None,
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """From the views settlements and unsettled. A provider that has settled nothing has no lines."""
        if not provider.isprintable():
            raise ParameterInvalid(field="provider", reason="expected a name")
        reached = await wait_for_position(services, SETTLEMENTS, position)
        since, to = optional_instant("from", begin), optional_instant("to", end)
        report = await provider_settlements(services.reader, provider, begin=since, end=to)
        return resource(settlement_report_resource(report), reached)
