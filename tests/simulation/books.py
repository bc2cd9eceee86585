"""The providers' own books, all of them together, held against ours payment by payment."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import aiohttp
import msgspec
from msgspec import Struct

from domain.history import Recorded
from domain.payment.events import (
    AuthorizationExpired,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentRefunded,
    PaymentVoided,
)

PAGE: Final = 1_000


class Charge(Struct, frozen=True, kw_only=True):
    """One charge in the books of a provider: `reference` is our payment, `key` our attempt; amounts in minor units."""

    id: str
    reference: str
    key: str
    status: str
    currency: str
    authorized: int
    captured: int
    refunded: int
    voided: int
    released: int

    @property
    def took_or_reserved(self) -> bool:
        return self.authorized > 0


class Page(Struct, frozen=True, kw_only=True):
    charges: list[Charge]
    next_after: int | None


class Line(NamedTuple):
    """One charge, as both sides have to have it. Given up is what was reserved and never taken."""

    provider: str
    reference: str
    key: str
    waits_for_customer: bool
    currency: str = ""
    authorized: int = 0
    captured: int = 0
    given_up: int = 0
    refunded: int = 0


Books = Mapping[str, Sequence[Charge]]
"""Every provider's charges."""


async def books(urls: Mapping[str, str]) -> Books:
    async with aiohttp.ClientSession() as http:
        return {name: await _charges(http, url) for name, url in urls.items()}


async def _charges(http: aiohttp.ClientSession, url: str) -> Sequence[Charge]:
    charges: list[Charge] = []
    after: int | None = 0
    while after is not None:
        async with http.get(f"{url}/v1/books", params={"after": after, "limit": PAGE}) as response:
            response.raise_for_status()
            page = msgspec.json.decode(await response.read(), type=Page)
        charges += page.charges
        after = page.next_after
    return charges


def lines_of(theirs: Books) -> dict[str, list[Line]]:
    """By payment, the charges that took or reserved money, or still may."""
    lines: dict[str, list[Line]] = {}
    for provider, charges in theirs.items():
        for charge in charges:
            waits = charge.status == "requires_action"
            if not (charge.took_or_reserved or waits):
                continue
            line = Line(
                provider=provider,
                reference=charge.id,
                key=charge.key,
                waits_for_customer=waits,
                currency="" if waits else charge.currency,
                authorized=charge.authorized,
                captured=charge.captured,
                given_up=charge.voided + charge.released,
                refunded=charge.refunded,
            )
            lines.setdefault(charge.reference, []).append(line)
    return lines


def our_lines(history: Iterable[Recorded]) -> list[Line]:
    """What the events of one payment say is in the providers' books."""
    line: Line | None = None
    asked = ""
    for recorded in history:
        match recorded.data:
            case PaymentAttemptStarted(provider=provider):
                asked = provider
            case PaymentActionRequired(attempt_id=attempt_id, reference=reference):
                line = Line(asked, reference, str(attempt_id), waits_for_customer=True)
            case PaymentAttemptFailed():
                line = None
            case PaymentAuthorized(provider=provider, attempt_id=attempt_id, reference=reference, amount=amount):
                line = Line(provider, reference, str(attempt_id), False, amount.currency, amount.minor)
            case PaymentCaptured(amount=amount, released=released) if line is not None:
                line = line._replace(captured=line.captured + amount.minor, given_up=line.given_up + released.minor)
            case PaymentVoided(released=released) | AuthorizationExpired(released=released) if line is not None:
                line = line._replace(given_up=line.given_up + released.minor)
            case PaymentRefunded(amount=amount) if line is not None:
                line = line._replace(refunded=line.refunded + amount.minor)
            case _:
                pass
    return [] if line is None else [line]


def double_charges(theirs: Mapping[str, Sequence[Line]]) -> list[str]:
    """The payments for which more than one charge took or reserved money, at whatever providers."""
    return [payment for payment, lines in theirs.items() if sum(line.authorized > 0 for line in lines) > 1]


def differences(ours: Mapping[str, Sequence[Line]], theirs: Mapping[str, Sequence[Line]]) -> list[str]:
    """Where the providers' books and ours depart, payment by payment."""
    return [
        f"payment {payment}: we say {ours.get(payment)}, the providers say {theirs.get(payment)}"
        for payment in sorted(ours.keys() | theirs.keys())
        if sorted(ours.get(payment, ())) != sorted(theirs.get(payment, ()))
    ]
