"""Every capability of a process, wired one upon the other over the parts that they share."""

from contextlib import AsyncExitStack
from typing import Self, TypeVar

from infrastructure.observability.instruments import NONE, Instruments
from interfaces.composition import (
    access,
    accounting,
    dead_letter,
    dispute,
    fx,
    health,
    payment,
    payout,
    restore,
    routing,
    settlement,
    terms,
    webhook_in,
)
from interfaces.composition.capability import Capability
from interfaces.composition.shared import Shared
from interfaces.runtime.settings import Settings

C = TypeVar("C", bound=Capability)


class Core(Shared):
    """The shared parts and every capability over them, opened and closed together. The capabilities are there once it
    is open."""

    def __init__(self, settings: Settings, instruments: Instruments = NONE) -> None:
        super().__init__(settings, instruments)
        self.capabilities: list[Capability] = []

    def _wire(self) -> None:
        """Wire every capability: a new one is a line here, below those that it needs."""
        self.health = self._add(health.wire(self))
        self.access = self._add(access.wire(self))
        self.dead_letter = self._add(dead_letter.wire(self, payment.retriers, webhook_in.retriers))
        self.fx = self._add(fx.wire(self))
        self.terms = self._add(terms.wire(self, self.fx))
        self.routing = self._add(routing.wire(self))
        self.payment = self._add(payment.wire(self, self.terms, self.routing, self.dead_letter))
        self.dispute = self._add(dispute.wire(self, self.terms))
        self.settlement = self._add(settlement.wire(self, self.terms))
        self.payout = self._add(payout.wire(self, self.terms))
        self.webhook_in = self._add(webhook_in.wire(self, self.dead_letter, self.payment, self.dispute))
        self.accounting = self._add(accounting.wire(self))
        self.restore = self._add(restore.wire(self, self.payment, self.dispute, self.payout))

    def _add(self, capability: C) -> C:
        self.capabilities.append(capability)
        return capability

    async def __aenter__(self) -> Self:
        """Raises SettingInvalid."""
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self.opened())
            self._wire()
            for capability in self.capabilities:
                opening.push_async_callback(capability.aclose)
                await capability.start()
            self._open = opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()
