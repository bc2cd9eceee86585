"""A fee that was charged: how much, for what, and by which rule of which version of which plan."""

from enum import StrEnum

from msgspec import Struct

from domain.money.money import Money


class FeeKind(StrEnum):
    PROCESSING = "processing"
    """On a capture."""
    REFUND = "refund"
    DISPUTE = "dispute"


class Fee(Struct, frozen=True, kw_only=True):
    """`plan` is the plan's version (`standard:3`), `rule` the name of the rule in it; `estimate` says that the
    provider's actual cost is charged on later, with its settlement."""

    kind: FeeKind
    amount: Money
    plan: str
    rule: str
    estimate: bool = False
