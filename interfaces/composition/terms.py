"""Terms: their commands, the versions that a process keeps at hand, and the context in which payments are priced."""

from application.terms.cache import TermsBook
from application.terms.commands import TermsCommands
from application.terms.pricing_context import CurrentPricingContexts
from infrastructure.calendars import is_holiday
from interfaces.composition.capability import Capability
from interfaces.composition.clock import utc_now
from interfaces.composition.fx import FxParts
from interfaces.composition.shared import Shared


class TermsParts(Capability, frozen=True, kw_only=True):
    commands: TermsCommands
    agreed: TermsBook
    pricing_contexts: CurrentPricingContexts

    async def start(self) -> None:
        await self.agreed.start()

    async def aclose(self) -> None:
        await self.agreed.aclose()


def wire(shared: Shared, fx: FxParts) -> TermsParts:
    agreed = TermsBook(shared.store, shared.listener.wakeups)
    return TermsParts(
        commands=TermsCommands(shared.store, now=utc_now),
        agreed=agreed,
        pricing_contexts=CurrentPricingContexts(
            terms_of=agreed.of, rates=lambda: fx.rates.rates, is_holiday=is_holiday
        ),
    )
