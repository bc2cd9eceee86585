"""A circuit breaker: after failures in a row the provider is not called for a while, then one call probes it."""

import time
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Final

from application.provider.port import Provider
from domain.identifiers import ProviderName
from domain.payment.events import OperationKind
from domain.payment.outcome import Outcome, Unavailable, Unknown
from infrastructure.provider.wrapped import Call, WrappedProvider

FAILURES_MAX: Final = 5
OPEN_S: Final = 5.0


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


Watch = Callable[[ProviderName, OperationKind, CircuitState], None]
"""Told of every change."""


def unwatched(_name: ProviderName, _kind: OperationKind, _state: CircuitState) -> None:
    """Ignores every change of state."""


class Circuit:
    """Opens after `failures_max` failures in a row; `open_s` later it lets one call through, which closes it or opens
    it again. An answer to a call from before it opened changes nothing."""

    def __init__(
        self,
        *,
        failures_max: int = FAILURES_MAX,
        open_s: float = OPEN_S,
        clock: Callable[[], float] = time.monotonic,
        changed: Callable[[CircuitState], None] = lambda _state: None,
    ) -> None:
        self._failures_max = failures_max
        self._open_s = open_s
        self._clock = clock
        self._changed = changed
        self._failures = 0
        self._state = CircuitState.CLOSED
        self._opened_at = 0.0
        self._generation = 0

    @property
    def refuses(self) -> bool:
        """Whether a call now would be turned away."""
        match self._state:
            case CircuitState.CLOSED:
                return False
            case CircuitState.OPEN:
                return self._clock() - self._opened_at < self._open_s
            case CircuitState.HALF_OPEN:
                # A trial that nobody ever reports on (its task was cancelled) must not keep it shut for ever.
                return self._clock() - self._opened_at < 2 * self._open_s

    def enter(self) -> int | None:
        """A ticket to report the outcome with, or None when the call is turned away."""
        if self.refuses:
            return None
        if self._state is not CircuitState.CLOSED:
            self._opened_at = self._clock() - self._open_s
            self._become(CircuitState.HALF_OPEN)
        return self._generation

    def report(self, ticket: int, *, failed: bool) -> None:
        if ticket != self._generation:
            return
        if not failed:
            self._failures = 0
            if self._state is not CircuitState.CLOSED:
                self._become(CircuitState.CLOSED)
            return
        self._failures += 1
        if self._state is CircuitState.HALF_OPEN or self._failures >= self._failures_max:
            self._opened_at = self._clock()
            self._become(CircuitState.OPEN)

    def _become(self, state: CircuitState) -> None:
        self._state = state
        self._generation += 1
        self._changed(state)


class CircuitProvider(WrappedProvider):
    """A provider behind one circuit for each operation. A call that is turned away is Unavailable: it never left."""

    def __init__(self, provider: Provider, name: ProviderName, watch: Watch = unwatched) -> None:
        super().__init__(provider)
        self._circuits = {kind: Circuit(changed=partial(watch, name, kind)) for kind in OperationKind}

    def refuses(self, kind: OperationKind) -> bool:
        return self._circuits[kind].refuses

    async def _around(self, kind: OperationKind, call: Call) -> Outcome:
        circuit = self._circuits[kind]
        ticket = circuit.enter()
        if ticket is None:
            return Unavailable("the circuit is open")
        failed = True
        try:
            outcome = await call()
            failed = _failed(outcome)
            return outcome
        finally:
            circuit.report(ticket, failed=failed)


def _failed(outcome: Outcome) -> bool:
    """Whether the outcome shows a fault of the provider; an operation accepted for later does not."""
    match outcome:
        case Unavailable():
            return True
        case Unknown(accepted=accepted):
            return not accepted
        case _:
            return False
