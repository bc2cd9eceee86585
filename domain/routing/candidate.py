"""A candidate is a provider that a payment may go to, with the figures that a policy chooses by."""

from enum import StrEnum

from msgspec import Struct

from domain.identifiers import ProviderName


class Strategy(StrEnum):
    """The way in which a rule chooses among its providers."""

    PRIORITY = "priority"
    SPLIT = "split"
    CHEAPEST = "cheapest"


class Candidate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`cost_minor` is the provider's expected charge, in minor units of the payment's currency.

    The other figures are those of the provider's recent authorisations: the share approved in basis points, the 95th
    percentile of their duration, and their number. None where a figure is not known. `out` is the reason why the
    provider cannot be chosen.
    """

    provider: ProviderName
    cost_minor: int | None = None
    success_bp: int | None = None
    latency_ms_p95: int | None = None
    samples: int = 0
    out: str | None = None
