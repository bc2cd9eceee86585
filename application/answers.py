"""The port that words an answer, so that whoever finishes a command, even after a crash, words it the same."""

from typing import Protocol

from application.loaded import LoadedPayment
from application.store import Answer, Verb
from domain.identifiers import OperationId


class Answers(Protocol):
    def __call__(self, verb: Verb, loaded: LoadedPayment, operation_id: OperationId) -> Answer: ...
