"""A dispute rule says how many days a merchant has to answer a dispute, and which evidence is accepted."""

from collections.abc import Mapping

from msgspec import Struct

from domain.payment.method import CardBrand


class EvidenceLimits(Struct, frozen=True, kw_only=True):
    file_bytes_max: int
    files_max: int
    types: tuple[str, ...]
    """Media types, such as `application/pdf`."""


class DisputeRule(Struct, frozen=True, kw_only=True):
    """`answer_days` are by network; `other_answer_days`, for those not named, and where none is known."""

    version: str
    answer_days: Mapping[CardBrand, int]
    other_answer_days: int
    evidence: EvidenceLimits

    def days_for(self, brand: CardBrand | None) -> int:
        if brand is None:
            return self.other_answer_days
        return self.answer_days.get(brand, self.other_answer_days)
