"""What a run has to show at its end, and every place where it does not."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from uuid import UUID

from msgspec import Struct

from application.payment.loaded import payment_events
from domain.dead_letter.events import DeadLetterRecorded
from domain.history import Positioned, Recorded
from domain.identifiers import MerchantId
from domain.ledger.entry import JournalEntryPosted
from domain.payment.events import (
    OperationOutcomeUnknown,
    PaymentActionRequired,
    PaymentAttemptStarted,
    PaymentEvent,
)
from domain.payment.evolve import fold
from domain.payment.state import Failed, InFlight
from interfaces.composition import Core, utc_now
from interfaces.runtime.supervisor import Stack
from tests.simulation.books import Line, books, differences, double_charges, lines_of, our_lines
from tests.simulation.run import Run
from tests.simulation.timeline import told, unexplained
from tests.support.running import eventually

BATCH_EVENTS_MAX = 2_000
LOOK_EVERY_S = 0.2


class Verdict(Struct, frozen=True, kw_only=True):
    """The last line of `make chaos`."""

    seed: int
    payments: int
    double_charges: int
    unresolved: int
    books_equal: bool
    unexplained: int


class Judged(Struct, frozen=True, kw_only=True):
    """`findings` names every difference; `met` counts what the payments went through, so that nothing passes for
    tried that was not."""

    verdict: Verdict
    findings: Sequence[str]
    met: Mapping[str, int]


class Before(Struct, frozen=True, kw_only=True):
    """What was there before the run, and is not to be judged."""

    position: int
    charges: frozenset[str]
    unresolved: frozenset[UUID]


async def before(core: Core, stack: Stack) -> Before:
    charges = {charge.id for charges in (await books(stack.simulator_urls)).values() for charge in charges}
    return Before(
        position=await core.store.head(),
        charges=frozenset(charges),
        unresolved=frozenset(await _in_hand(core)),
    )


async def judge(core: Core, stack: Stack, run: Run, since: Before) -> Judged:
    """Once everything has an outcome and has been told, or should have: the run's payments against all that was
    promised."""
    findings = list(run.troubles)
    seen: _Seen | None = None

    async def is_settled() -> bool:
        nonlocal seen
        if await _in_hand(core) - since.unresolved:
            return False
        seen = await _look(core, stack, run, since)
        return not seen.departing

    try:
        await eventually(is_settled, "every outcome", within_s=run.settled_within_s, every_s=LOOK_EVERY_S)
    except AssertionError as late:
        findings.append(str(late))
        seen = await _look(core, stack, run, since)
    assert seen is not None, "what was settled was seen"
    ours, theirs, departing = seen.ours, seen.theirs, seen.departing
    unresolved = {payment_id for payment_id, history in ours.histories.items() if _is_in_flight(history)}
    unresolved |= seen.in_hand & ours.histories.keys()
    findings += [f"payment {payment_id} has no outcome:{told(ours.histories[payment_id])}" for payment_id in unresolved]
    twice = double_charges(theirs)
    findings += [f"payment {payment} was charged more than once: {theirs[payment]}" for payment in twice]
    findings += [f"{departure}{_history_of(departure, ours)}" for departure in departing]
    mysteries = [
        mystery
        for payment_id, history in ours.histories.items()
        if (mystery := unexplained(history, ours.entries.get(payment_id, ())))
    ]
    mysteries += [f"given up: {letter}" for letter in ours.letters]
    mysteries += await run.shopper.answers_that_changed()
    findings += mysteries
    return Judged(
        verdict=Verdict(
            seed=run.plan.seed,
            payments=len(ours.histories),
            double_charges=len(twice),
            unresolved=len(unresolved),
            books_equal=not departing,
            unexplained=len(mysteries) + len(run.troubles),
        ),
        findings=findings,
        met=_met(ours.histories.values()),
    )


def _met(histories: Iterable[Sequence[Recorded]]) -> Counter[str]:
    met: Counter[str] = Counter()
    for history in histories:
        events = [recorded.data for recorded in history]
        attempts = sum(isinstance(event, PaymentAttemptStarted) for event in events)
        met["sent to a second provider"] += attempts > 1
        met["sent to a third"] += attempts > 2
        met["asked the customer"] += any(isinstance(event, PaymentActionRequired) for event in events)
        met["had an unknown outcome"] += any(isinstance(event, OperationOutcomeUnknown) for event in events)
        met["settled by recovery"] += any(recorded.actor == "worker:recovery" for recorded in history)
        met["settled by webhook"] += any(recorded.actor.startswith("psp:") for recorded in history)
        met["settled by timer"] += any(recorded.actor.startswith("worker:timers") for recorded in history)
        payment = fold(payment_events(_positioned(history)))
        met[f"ended {type(payment).__name__}"] += 1
        if isinstance(payment, Failed):
            met[f"failed with {payment.code}"] += 1
    return met


class _Told(Struct, frozen=True, kw_only=True):
    """What the store has of the run: by payment its events and its journal entries; and every dead letter."""

    histories: Mapping[UUID, Sequence[Recorded]]
    entries: Mapping[UUID, Sequence[Recorded]]
    letters: Sequence[DeadLetterRecorded]

    @property
    def our_lines(self) -> dict[str, Sequence[Line]]:
        return {str(payment): lines for payment, history in self.histories.items() if (lines := our_lines(history))}


class _Seen(Struct, frozen=True, kw_only=True):
    """Both sides at one time. What was found settled is judged as it was then: a customer may act a moment later, and
    only the provider know of it yet."""

    ours: _Told
    theirs: Mapping[str, Sequence[Line]]
    in_hand: Set[UUID]

    @property
    def departing(self) -> list[str]:
        return differences(self.ours.our_lines, self.theirs)


async def _look(core: Core, stack: Stack, run: Run, since: Before) -> _Seen:
    in_hand = await _in_hand(core)
    return _Seen(ours=await _told(core, run, since), theirs=await _their_lines(stack, since), in_hand=in_hand)


async def _told(core: Core, run: Run, since: Before) -> _Told:
    merchant = MerchantId(run.merchant.merchant_id)
    histories: dict[UUID, list[Recorded]] = {}
    entries: dict[UUID, list[Recorded]] = {}
    letters: list[DeadLetterRecorded] = []
    position = since.position
    while events := await core.store.after(position, events_max=BATCH_EVENTS_MAX):
        position = events[-1].position
        for event in (positioned.event for positioned in events):
            match event.data:
                case DeadLetterRecorded():
                    letters.append(event.data)
                case JournalEntryPosted(cause_id=cause_id) if event.merchant_id == merchant:
                    entries.setdefault(cause_id, []).append(event)
                case data if isinstance(data, PaymentEvent) and event.merchant_id == merchant:
                    histories.setdefault(event.originator_id, []).append(event)
                case _:
                    pass
    return _Told(histories=histories, entries=entries, letters=letters)


async def _their_lines(stack: Stack, since: Before) -> dict[str, list[Line]]:
    theirs = await books(stack.simulator_urls)
    return lines_of(
        {
            provider: [charge for charge in charges if charge.id not in since.charges]
            for provider, charges in theirs.items()
        }
    )


async def _in_hand(core: Core) -> set[UUID]:
    """The payments of all merchants with an operation that has no outcome."""
    return {
        operation.payment_id for operation in await core.payment.operation_queue.unresolved(claimed_before=utc_now())
    }


def _is_in_flight(history: Sequence[Recorded]) -> bool:
    return isinstance(fold(payment_events(_positioned(history))), InFlight)


def _positioned(history: Sequence[Recorded]) -> Iterable[Positioned]:
    return (Positioned(0, event) for event in history)


def _history_of(departure: str, ours: _Told) -> str:
    return "".join(told(history) for payment_id, history in ours.histories.items() if str(payment_id) in departure)
