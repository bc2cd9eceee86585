"""The events of exchange rates, of which each set is published under a number and never changes again."""

from datetime import datetime

from domain.event import Event


class FxRatesPublished(Event, frozen=True, kw_only=True, tag="fx_rates.published.v1"):
    """`number` counts from 1 over all sources; `rates` are decimal numbers as they were written, so many units of the
    currency for one of `base`, in force from `as_of` on; `document_sha256` is that of the file they came in."""

    number: int
    source: str
    as_of: datetime
    base: str
    rates: dict[str, str]
    document_sha256: str


FxRatesEvent = FxRatesPublished
