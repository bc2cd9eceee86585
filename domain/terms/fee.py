"""A charged fee records its amount, its kind, and the rule, plan and version that it was charged by."""

from enum import StrEnum

from msgspec import Struct

from domain.money.money import Money


class FeeKind(StrEnum):
    PROCESSING = "processing"
    """The fee on a capture."""
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
