"""A set of rates is published once: the same again adds nothing, and others of the same moment contradict it.

Only an operator may correct its own rates, by publishing others of the same moment: the later of two holds.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Final

from msgspec import Struct

from domain.errors import DomainError
from domain.fx.events import FxRatesEvent, FxRatesPublished
from domain.fx.rate_text import exact
from domain.fx.rates import Rates, RateSet, set_of
from domain.money.currencies import DECIMALS, decimals

ECB: Final = "ecb"
OPERATOR: Final = "operator"


class RatesDiffer(DomainError):
    """The source published other rates of the same moment before, under `number`; `currency` is one that differs."""

    source: str
    number: int
    as_of: datetime
    currency: str


class RatesInFuture(DomainError):
    """The rates are of a moment that has not come yet."""

    as_of: datetime


class Publication(Struct, frozen=True, kw_only=True):
    """A set of rates before it has a number."""

    source: str
    as_of: datetime
    base: str
    rates: Mapping[str, str]
    document_sha256: str


def publish(known: Rates, publications: Iterable[Publication], *, now: datetime) -> tuple[FxRatesEvent, ...]:
    """The events that publish `publications`, in their order; none for those published before.

    All of them or none. Raises RatesInFuture, RatesDiffer, RateUnusable, UnknownCurrency.
    """
    # From the oldest on, so that the last of a source and moment stands.
    of_moment = {(each.source, each.as_of): each for each in reversed(known.sets)}
    events: list[FxRatesEvent] = []
    for publication in publications:
        if publication.as_of > now:
            raise RatesInFuture(as_of=publication.as_of)
        values = _values(publication)
        before = of_moment.get((publication.source, publication.as_of))
        if before is not None and not _is_new(publication, values, before):
            continue
        event = FxRatesPublished(
            number=len(known.sets) + len(events) + 1,
            source=publication.source,
            as_of=publication.as_of,
            base=publication.base,
            rates=dict(publication.rates),
            document_sha256=publication.document_sha256,
        )
        of_moment[publication.source, publication.as_of] = set_of(event)
        events.append(event)
    return tuple(events)


def _is_new(publication: Publication, values: Mapping[str, Fraction], before: RateSet) -> bool:
    """Whether the publication differs from the last set of its source and moment. Raises RatesDiffer."""
    if publication.document_sha256 == before.document_sha256:
        return False
    differing = {currency for currency, _ in values.items() ^ _values(before).items()}
    if publication.source == OPERATOR:
        return bool(differing)
    # What was withdrawn after a day's file was imported is left out of it when it is imported again.
    differing &= DECIMALS.keys()
    if differing:
        raise RatesDiffer(
            source=publication.source, number=before.number, as_of=publication.as_of, currency=min(differing)
        )
    return False


def _values(of: Publication | RateSet) -> dict[str, Fraction]:
    """The exact values of the rates, however they are written: of one day, the ECB's files have 162.8 and 162.80."""
    for currency in (of.base, *of.rates):
        decimals(currency)
    return {of.base: Fraction(1)} | {currency: exact(currency, text) for currency, text in of.rates.items()}
