"""The port that renders answers, so that a command finished after a crash gets the same answer."""

from collections.abc import Sequence
from typing import Protocol

from application.payment.loaded import LoadedPayment
from application.write.store import Answer, Verb
from domain.identifiers import OperationId
from domain.payment.events import PaymentEvent


class Answers(Protocol):
    def __call__(
        self, verb: Verb, operation_id: OperationId, before: LoadedPayment, events: Sequence[PaymentEvent]
    ) -> Answer:
        """The answer once `events` have happened to `before`, in which the operation may be in flight."""
        ...
