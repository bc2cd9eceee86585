"""What a run has to show at its end, and every place where it does not."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from application.loaded import payment_events
from domain.history import Positioned, Recorded
from domain.identifiers import MerchantId
from domain.ledger.entry import JournalEntryPosted
from domain.payment.evolve import fold
from domain.payment.state import InFlight
from interfaces.composition import Core, utc_now
from interfaces.stack import Stack
from tests.simulation.books import books, differences, double_charges, lines_of, our_lines
from tests.simulation.run import Run
from tests.simulation.timeline import told, unexplained
from tests.support.running import eventually

BATCH_EVENTS_MAX = 2_000


class Verdict(Struct, frozen=True, kw_only=True):
    """The last line of `make chaos`."""

    seed: int
    payments: int
    double_charges: int
    unresolved: int
    books_equal: bool
    unexplained: int


class Judged(Struct, frozen=True, kw_only=True):
    """`findings` names every difference."""

    verdict: Verdict
    findings: Sequence[str]


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
    """Once everything has an outcome, or should have: the run's payments against all that was promised."""
    findings = list(run.troubles)

    async def is_settled() -> bool:
        return await _in_hand(core) <= since.unresolved

    try:
        await eventually(is_settled, "every outcome", within_s=run.settled_within_s)
    except AssertionError as late:
        findings.append(str(late))
    histories, entries = await _histories(core, MerchantId(run.merchant.merchant_id), since.position)
    unresolved = {payment_id for payment_id, history in histories.items() if _is_in_flight(history)}
    unresolved |= await _in_hand(core) & histories.keys()
    findings += [f"payment {payment_id} has no outcome:{told(histories[payment_id])}" for payment_id in unresolved]

    theirs = {
        provider: [charge for charge in charges if charge.id not in since.charges]
        for provider, charges in (await books(stack.simulator_urls)).items()
    }
    their_lines = lines_of(theirs)
    ours = {str(payment_id): lines for payment_id, history in histories.items() if (lines := our_lines(history))}
    twice = double_charges(their_lines)
    findings += [f"payment {payment} was charged more than once: {their_lines[payment]}" for payment in twice]
    departing = differences(ours, their_lines)
    findings += departing

    mysteries = [
        mystery
        for payment_id, history in histories.items()
        if (mystery := unexplained(history, entries.get(payment_id, ())))
    ]
    changed = await run.shopper.answers_that_changed()
    findings += [*mysteries, *changed]
    return Judged(
        verdict=Verdict(
            seed=run.plan.seed,
            payments=len(histories),
            double_charges=len(twice),
            unresolved=len(unresolved),
            books_equal=not departing,
            unexplained=len(mysteries) + len(changed) + len(run.troubles),
        ),
        findings=findings,
    )


Histories = Mapping[UUID, Sequence[Recorded]]


async def _histories(core: Core, merchant: MerchantId, position: int) -> tuple[Histories, Histories]:
    """The merchant's payments after `position`, and the journal entries of each."""
    histories: dict[UUID, list[Recorded]] = {}
    entries: dict[UUID, list[Recorded]] = {}
    while events := await core.store.after(position, events_max=BATCH_EVENTS_MAX):
        position = events[-1].position
        for event in (positioned.event for positioned in events if positioned.event.merchant_id == merchant):
            if isinstance(event.data, JournalEntryPosted):
                entries.setdefault(event.data.payment_id, []).append(event)
            else:
                histories.setdefault(event.originator_id, []).append(event)
    return histories, entries


async def _in_hand(core: Core) -> set[UUID]:
    """The payments of all merchants with an operation that has no outcome."""
    return {operation.payment_id for operation in await core.store.unresolved(claimed_before=utc_now())}


def _is_in_flight(history: Sequence[Recorded]) -> bool:
    return isinstance(fold(payment_events(Positioned(0, event) for event in history)), InFlight)
