"""`tallystick routing simulate`: recorded payments are routed by another policy, before its activation."""

from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

import click
import msgspec
from rich.table import Table

from domain.history import Positioned
from domain.identifiers import PaymentId, ProviderName
from domain.money.money import Money
from domain.payment.events import FailureKind, PaymentAttemptFailed, PaymentAuthorized, PaymentCreated, PaymentRouted
from domain.routing.policy import RoutingPolicy
from domain.routing.replay import Tally, is_first, replay
from domain.routing.route import Asked
from interfaces.cli.named_file import naming_the_line, text_of
from interfaces.cli.progress import all_events
from interfaces.cli.shared import console, report_failures, with_core
from interfaces.composition import Core
from interfaces.resources.as_of import instant

NOBODY = "nobody"


@click.command()
@click.option("--policy", "file", required=True, type=click.File("rb"), help="The policy to try, as a file.")
@click.option("--since", help="Only payments routed from then on: an RFC 3339 time. From the first on, without it.")
@report_failures
def simulate(file: BinaryIO, since: str | None) -> None:
    """Send recorded payments through another policy.

    Takes the first decision of every payment, with the figures that were recorded with it, and makes it again by the
    policy in the file. Prints how traffic, expected cost and expected approvals would have moved, and last one line of
    JSON. Nothing is kept, and no provider is asked.
    """
    text = text_of(file)
    begin = None if since is None else instant("since", since)

    async def work(core: Core) -> Tally:
        policy = core.routing.commands.check(text).numbered(0)
        return await _replayed(core, policy, begin)

    with naming_the_line(file):
        tally = with_core(work)
    _print(tally)
    click.echo(msgspec.json.encode(_document(tally)))


async def _replayed(core: Core, policy: RoutingPolicy, since: datetime | None) -> Tally:
    head = await core.store.head()
    position = 0 if since is None else await _position_before(core, since, head)
    tally = Tally()
    async for batch in all_events(core, "Simulating", up_to=head, position=position):
        routed = _first_decisions(batch)
        created = await _created(core, batch, list(routed))
        for payment_id, decision in routed.items():
            about = created[payment_id]
            asked = Asked(
                payment_id=PaymentId(payment_id),
                merchant_id=about.merchant_id,
                amount=about.amount,
                method=about.method,
            )
            tally.take(replay(policy, decision, asked, core.routing.conditions.holds))
        for positioned in batch:
            match positioned.event.data:
                case PaymentAuthorized(provider=provider):
                    tally.answer(provider, approved=True)
                case PaymentAttemptFailed(provider=provider, kind=kind) if kind is not FailureKind.ABANDONED:
                    tally.answer(provider, approved=False)
                case _:
                    pass
    return tally


def _first_decisions(batch: Sequence[Positioned]) -> dict[UUID, PaymentRouted]:
    return {
        positioned.event.originator_id: positioned.event.data
        for positioned in batch
        if isinstance(positioned.event.data, PaymentRouted) and is_first(positioned.event.data)
    }


async def _created(core: Core, batch: Sequence[Positioned], payments: Sequence[UUID]) -> dict[UUID, PaymentCreated]:
    """The first event of each of `payments`: mostly in the same batch, else read from the payment's stream."""
    created = _creations(batch)
    if missing := [payment_id for payment_id in payments if payment_id not in created]:
        created |= _creations(await core.store.histories(missing))
    return created


def _creations(events: Sequence[Positioned]) -> dict[UUID, PaymentCreated]:
    return {
        positioned.event.originator_id: positioned.event.data
        for positioned in events
        if isinstance(positioned.event.data, PaymentCreated)
    }


async def _position_before(core: Core, since: datetime, head: int) -> int:
    """The position after which no event is older than `since`, by binary search, as times increase with positions."""
    low, high = 0, head
    while low < high:
        middle = (low + high) // 2
        looked_at = await core.store.after(middle, events_max=1, up_to=high)
        if looked_at and looked_at[0].event.recorded_at < since:
            low = looked_at[0].position
        else:
            high = middle
    return low


def _print(tally: Tally) -> None:
    console.print(f"{tally.payments:,} payments, {tally.moved:,} of them would have gone elsewhere.")
    table = Table("provider", "recorded", "simulated", "change", "approved in the period")
    for column in table.columns[1:]:
        column.justify = "right"
    for provider in _providers(tally):
        recorded, simulated = tally.recorded.get(provider, 0), tally.simulated.get(provider, 0)
        share = None if provider is None else tally.approval_bp(provider)
        table.add_row(
            provider or NOBODY,
            f"{recorded:,}",
            f"{simulated:,}",
            f"{simulated - recorded:+,}",
            "–" if share is None else f"{share / 100:.2f} %",
        )
    console.print(table)
    for currency in sorted(tally.recorded_cost_minor):
        recorded, simulated = tally.recorded_cost_minor[currency], tally.simulated_cost_minor[currency]
        console.print(
            f"expected cost: {Money(recorded, currency)} as recorded, {Money(simulated, currency)} simulated."
        )
    if tally.uncosted:
        console.print(f"{tally.uncosted:,} payments are in no cost: what a provider costs is not known.")
    recorded, simulated = tally.expected_approvals(tally.recorded), tally.expected_approvals(tally.simulated)
    console.print(f"expected approvals: {recorded:,} as recorded, {simulated:,} simulated.")


def _document(tally: Tally) -> dict[str, object]:
    return {
        "payments": tally.payments,
        "moved": tally.moved,
        "providers": {
            provider or NOBODY: {
                "recorded": tally.recorded.get(provider, 0),
                "simulated": tally.simulated.get(provider, 0),
                "approval_bp": None if provider is None else tally.approval_bp(provider),
            }
            for provider in _providers(tally)
        },
        "cost_minor": {
            currency: {"recorded": recorded, "simulated": tally.simulated_cost_minor[currency]}
            for currency, recorded in sorted(tally.recorded_cost_minor.items())
        },
        "uncosted": tally.uncosted,
        "approvals": {
            "recorded": tally.expected_approvals(tally.recorded),
            "simulated": tally.expected_approvals(tally.simulated),
        },
    }


def _providers(tally: Tally) -> list[ProviderName | None]:
    """The providers that were or would have been chosen, by name; None, for no provider, comes last."""
    chosen = tally.recorded.keys() | tally.simulated.keys()
    return sorted(chosen, key=lambda provider: (provider is None, provider or ""))
