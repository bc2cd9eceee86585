"""A connector interprets a provider's answer as an outcome, and keeps the facts that the provider states beside it."""

from typing import Final, NamedTuple

from domain.payment.outcome import Outcome
from domain.payment.stated import Stated

NOTHING: Final = Stated()


class Interpretation(NamedTuple):
    """The outcome of an operation, and the facts that the provider states of the operation."""

    outcome: Outcome
    stated: Stated = NOTHING
