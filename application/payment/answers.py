"""The port that words an answer, so that whoever finishes a command, even after a crash, words it the same."""

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
