"""A circuit opens after failures in a row, keeps everybody away for a while, and lets one try before it closes."""

import asyncio

import pytest

from application.provider.port import AuthorizeRequest
from domain.identifiers import ProviderName
from domain.payment.events import OperationKind
from domain.payment.outcome import Approved, Declined, Outcome, Unavailable, Unknown
from infrastructure.provider.circuit import FAILURES_MAX, Circuit, CircuitProvider, CircuitState
from tests.infrastructure.provider.contract import authorization
from tests.support.domain import CARD
from tests.support.provider import Always, ScriptedProvider

OPEN_S = 5.0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Hanging(ScriptedProvider):
    async def authorize(self, request: AuthorizeRequest) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Watched(Circuit):
    """A circuit with the state that it told of last."""

    def __init__(self, clock: Clock) -> None:
        self.told = CircuitState.CLOSED
        super().__init__(failures_max=3, open_s=OPEN_S, clock=clock, changed=self._changed_to)

    def _changed_to(self, state: CircuitState) -> None:
        self.told = state


@pytest.fixture
def circuit(clock: Clock) -> Watched:
    return Watched(clock)


def state(circuit: Watched) -> CircuitState:
    return circuit.told


def call(circuit: Watched, *, failed: bool) -> bool:
    """Whether the call was let through."""
    ticket = circuit.enter()
    if ticket is not None:
        circuit.report(ticket, failed=failed)
    return ticket is not None


def opened(circuit: Watched) -> Circuit:
    for _ in range(3):
        call(circuit, failed=True)
    return circuit


def test_it_opens_after_so_many_failures_in_a_row(circuit: Watched) -> None:
    for failed in (True, True, False, True, True):
        call(circuit, failed=failed)
    assert state(circuit) is CircuitState.CLOSED
    call(circuit, failed=True)
    assert state(circuit) is CircuitState.OPEN
    assert not call(circuit, failed=False)


def test_after_a_while_one_call_is_let_through_and_no_second(circuit: Watched, clock: Clock) -> None:
    opened(circuit)
    clock.now += OPEN_S
    assert not circuit.refuses
    trial = circuit.enter()
    assert trial is not None
    assert state(circuit) is CircuitState.HALF_OPEN
    assert circuit.enter() is None
    circuit.report(trial, failed=False)
    assert state(circuit) is CircuitState.CLOSED
    assert call(circuit, failed=False)


def test_a_failed_trial_opens_it_for_as_long_again(circuit: Watched, clock: Clock) -> None:
    opened(circuit)
    clock.now += OPEN_S
    call(circuit, failed=True)
    assert state(circuit) is CircuitState.OPEN
    clock.now += OPEN_S - 0.1
    assert circuit.refuses


def test_a_trial_that_never_ends_does_not_keep_it_shut_for_ever(circuit: Watched, clock: Clock) -> None:
    opened(circuit)
    clock.now += OPEN_S
    circuit.enter()
    clock.now += OPEN_S
    assert call(circuit, failed=False)


def test_answers_to_calls_from_before_it_opened_change_nothing(circuit: Watched, clock: Clock) -> None:
    early = circuit.enter()
    assert early is not None
    opened(circuit)
    circuit.report(early, failed=False)
    assert state(circuit) is CircuitState.OPEN
    clock.now += OPEN_S
    circuit.enter()
    circuit.report(early, failed=False)
    assert state(circuit) is CircuitState.HALF_OPEN


@pytest.mark.parametrize(
    ("outcome", "opens"),
    [
        (Unavailable("nothing listens"), True),
        (Unknown("no answer"), True),
        (Unknown("accepted, not done yet", accepted=True), False),
        (Declined("card_declined", "No."), False),
        (Approved("ch_1"), False),
    ],
)
async def test_an_answer_is_a_success_whatever_it_says(outcome: Outcome, opens: bool) -> None:
    changes: list[tuple[OperationKind, CircuitState]] = []
    provider = CircuitProvider(
        Always(outcome), ProviderName("north"), lambda _name, kind, state: changes.append((kind, state))
    )
    for _ in range(FAILURES_MAX):
        await provider.authorize(authorization(CARD))
    assert provider.refuses(OperationKind.AUTHORIZE) is opens
    assert not provider.refuses(OperationKind.CAPTURE)
    assert changes == ([(OperationKind.AUTHORIZE, CircuitState.OPEN)] if opens else [])
    if opens:
        assert await provider.authorize(authorization(CARD)) == Unavailable("the circuit is open")


async def test_a_call_that_is_given_up_counts_as_a_failure() -> None:
    provider = CircuitProvider(Hanging(), ProviderName("north"))
    for _ in range(FAILURES_MAX):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await provider.authorize(authorization(CARD))
    assert provider.refuses(OperationKind.AUTHORIZE)
