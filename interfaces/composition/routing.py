"""Routing: the commands of policies, the active policy at hand, and the conditions that policies are written in."""

from collections.abc import Mapping

from application.routing.cache import PolicyBook
from application.routing.commands import RoutingPolicies
from domain.identifiers import ProviderName
from domain.payment.events import OperationKind
from domain.routing.route import Figures
from infrastructure.rules.expressions import Expressions
from infrastructure.rules.faults import fault_of
from interfaces.composition.capability import Capability
from interfaces.composition.clock import utc_now
from interfaces.composition.shared import Shared
from projections.provider.health import HEALTH_WINDOW, figures_of, recent_health


class RoutingParts(Capability, frozen=True, kw_only=True):
    commands: RoutingPolicies
    active: PolicyBook
    conditions: Expressions

    async def start(self) -> None:
        await self.active.start()

    async def aclose(self) -> None:
        await self.active.aclose()


def wire(shared: Shared) -> RoutingParts:
    async def recent_figures() -> Mapping[ProviderName, Figures]:
        async with shared.pool.connection() as connection:
            return figures_of(await recent_health(connection, utc_now() - HEALTH_WINDOW))

    conditions = Expressions()
    return RoutingParts(
        commands=RoutingPolicies(
            shared.store,
            providers=tuple(account.name for account in shared.accounts),
            fault_of=fault_of,
            now=utc_now,
        ),
        active=PolicyBook(
            shared.store,
            capabilities={name: each.provider.capabilities for name, each in shared.connectors.items()},
            read_figures=recent_figures,
            holds=conditions.holds,
            is_open=lambda name: shared.circuits[name].refuses(OperationKind.AUTHORIZE),
            prepare=conditions.prepare,
            wakeups=shared.caught_up.wakeups,
            # The window of the figures moves on with each minute.
            fresh_for_s=lambda: 60.0 - utc_now().second,
        ),
        conditions=conditions,
    )
