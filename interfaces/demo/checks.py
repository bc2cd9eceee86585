"""The promises, checked: our books against the replay, the read models, and the providers' own books."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import aiohttp
import msgspec
from msgspec import Struct

from interfaces.composition import Core, accounts_of, utc_now, view_connection
from interfaces.resources.payment import payment_row_resource
from projections.payment.status import PAYMENT_STATUS
from projections.verification import Replay, balance_difference, kept_balances, kept_views, view_difference
from projections.views import VIEWS

BOOKS_PAGE = 1_000


UNCHARGED = frozenset({"requires_action", "declined", "canceled"})
"""Statuses of charges in a provider's books that have reserved nothing."""


class ProviderCharge(Struct, frozen=True, kw_only=True):
    """One charge in a provider's own books, amounts in minor units; `reference` is our payment."""

    id: str
    reference: str
    status: str
    currency: str
    authorized: int
    captured: int
    refunded: int


class BooksPage(Struct, frozen=True, kw_only=True):
    charges: list[ProviderCharge]
    next_after: int | None


class Amounts(NamedTuple):
    """A payment's authorised, captured and refunded amounts at its provider, in minor units."""

    provider: str
    currency: str
    authorized: int
    captured: int
    refunded: int


class Verdict(Struct, frozen=True, kw_only=True):
    """The result of the checks; `differences` explains every promise that does not hold."""

    replay: Replay
    unresolved: int
    double_charges: int
    views_equal_replay: bool
    provider_books_equal: bool
    lag_events: int
    differences: list[str]

    @property
    def holds(self) -> bool:
        return (
            self.views_equal_replay
            and self.provider_books_equal
            and not any(self.replay.trial_balance.values())
            and self.unresolved == self.double_charges == self.lag_events == 0
            and not self.differences
        )


async def check(core: Core, replay: Replay) -> Verdict:
    """Compare everything derived, and the providers' books, with `replay`, which has folded the whole store.

    The system has to be quiet: an event appended meanwhile would count as a difference."""
    differences: list[str] = []
    async with await view_connection(core.settings) as connection:
        kept = await kept_views(connection)
        for name, view in VIEWS.items():
            difference = view_difference(view, kept.rows[name], replay.rows[name])
            if difference:
                differences.append(f"view {difference}")
        views_equal_replay = not differences
        inline = balance_difference((await kept_balances(connection)).minor, replay.balances)
        if inline:
            differences.append(f"inline balance {inline}")
    charges = [
        (account.name, charge)
        for account in accounts_of(core.settings)
        for charge in await provider_charges(account.url)
        if charge.status not in UNCHARGED
    ]
    books = book_differences(our_amounts(replay), charges)
    return Verdict(
        replay=replay,
        unresolved=len(await core.payment.operation_queue.unresolved(claimed_before=utc_now())),
        double_charges=len(charges) - len({charge.reference for _, charge in charges}),
        views_equal_replay=views_equal_replay,
        provider_books_equal=not books,
        lag_events=kept.head - min(kept.positions.values()),
        differences=[*differences, *books],
    )


def our_amounts(replay: Replay) -> dict[str, Amounts]:
    """Our amounts for every payment that has an authorisation, by its reference at the provider."""
    amounts = {}
    for row in replay.rows[PAYMENT_STATUS.name].values():
        shown = payment_row_resource(row)
        if shown.authorization is not None:
            amounts[str(row.payment_id)] = Amounts(
                shown.authorization.provider,
                shown.currency,
                shown.authorization.amount,
                shown.amount_captured,
                shown.amount_refunded,
            )
    return amounts


def book_differences(ours: Mapping[str, Amounts], charges: Sequence[tuple[str, ProviderCharge]]) -> list[str]:
    """One sentence for each payment on which the providers' books and ours differ."""
    theirs = {
        charge.reference: Amounts(provider, charge.currency, charge.authorized, charge.captured, charge.refunded)
        for provider, charge in charges
    }
    return [
        f"payment {reference}: we say {ours.get(reference)}, the providers say {theirs.get(reference)}"
        for reference in sorted(ours.keys() | theirs.keys())
        if ours.get(reference) != theirs.get(reference)
    ]


async def provider_charges(simulator_url: str) -> list[ProviderCharge]:
    """All of one provider's books."""
    charges: list[ProviderCharge] = []
    after: int | None = 0
    async with aiohttp.ClientSession() as http:
        while after is not None:
            parameters = {"after": after, "limit": BOOKS_PAGE}
            async with http.get(f"{simulator_url}/v1/books", params=parameters) as response:
                response.raise_for_status()
                page = msgspec.json.decode(await response.read(), type=BooksPage)
            charges += page.charges
            after = page.next_after
    return charges
