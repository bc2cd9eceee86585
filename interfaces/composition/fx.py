"""Exchange rates: their commands, and the rates that a process keeps at hand."""

from application.fx.cache import RateBook
from application.fx.commands import FxRates
from interfaces.composition.capability import Capability
from interfaces.composition.clock import utc_now
from interfaces.composition.shared import Shared


class FxParts(Capability, frozen=True, kw_only=True):
    commands: FxRates
    rates: RateBook

    async def start(self) -> None:
        await self.rates.start()

    async def aclose(self) -> None:
        await self.rates.aclose()


def wire(shared: Shared) -> FxParts:
    return FxParts(commands=FxRates(shared.store, now=utc_now), rates=RateBook(shared.store, shared.listener.wakeups))
