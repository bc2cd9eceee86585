"""What a connector makes of its provider's words: an outcome, and what the provider states beside it."""

from typing import Final, NamedTuple

from domain.payment.outcome import Outcome
from domain.payment.stated import Stated

NOTHING: Final = Stated()


class Said(NamedTuple):
    """What a provider's words mean, and what they state of the operation that they speak of."""

    outcome: Outcome
    stated: Stated = NOTHING
