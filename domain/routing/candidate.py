"""A provider in the running for a payment, with the figures that a policy chooses by."""

from enum import StrEnum

from msgspec import Struct

from domain.identifiers import ProviderName


class Strategy(StrEnum):
    """How a rule chooses among its providers."""

    PRIORITY = "priority"
    SPLIT = "split"
    CHEAPEST = "cheapest"


class Candidate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`cost_minor` is what the provider is expected to charge us, in minor units of the payment's currency.

    The other figures are those of its recent authorisations: the share approved in basis points, the 95th percentile
    of their duration, and how many there were. None is what nobody knows. `out` says why it is out of the running.
    """

    provider: ProviderName
    cost_minor: int | None = None
    success_bp: int | None = None
    latency_ms_p95: int | None = None
    samples: int = 0
    out: str | None = None
