"""What every connector shares: what its provider says of a request is compared with the request, here and nowhere else.

A connector says what an answer means and what the provider states beside it; it is this class that believes it, or not.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, assert_never, final

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from domain.identifiers import OperationId
from domain.payment.outcome import Approved, Mismatched, Outcome, Unavailable, Unknown
from domain.payment.stated import Asked, Movement, compared
from domain.routing.capabilities import Capabilities
from infrastructure.provider.http import Answer, HttpCalls
from infrastructure.provider.interpretation import Interpretation

NAMES_MAX: Final = 100_000
"""How many of a provider's names are remembered: enough for hours, in some 20 MB."""
UNDECIDED: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
"""What these say is of the moment and not of the operation, whatever error is in the body: its first request, or its
twin under the same key, may be under way."""


class PerformingProvider(ABC):
    """Implements application.provider.port.Provider. A connector adds its capabilities, `_perform` and `_look_up`."""

    capabilities: Capabilities

    def __init__(self, calls: HttpCalls) -> None:
        self._calls = calls
        self._given = GivenNames()

    async def aclose(self) -> None:
        await self._calls.aclose()

    @final
    async def authorize(self, request: AuthorizeRequest) -> Outcome:
        return self._believed(request, await self._perform(request))

    @final
    async def capture(self, request: CaptureRequest) -> Outcome:
        return self._believed(request, await self._perform(request))

    @final
    async def void(self, request: VoidRequest) -> Outcome:
        return self._believed(request, await self._perform(request))

    @final
    async def refund(self, request: RefundRequest) -> Outcome:
        return self._believed(request, await self._perform(request))

    @final
    async def lookup(self, request: ProviderRequest) -> Outcome | None:
        said = await self._look_up(request)
        return None if said is None else self._believed(request, said)

    @abstractmethod
    async def _perform(self, request: ProviderRequest) -> Interpretation:
        """Ask the provider for `request`."""

    @abstractmethod
    async def _look_up(self, request: ProviderRequest) -> Interpretation | None:
        """Look `request` up at the provider; None when the provider never saw it."""

    async def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer | Unavailable | Unknown:
        """Send one request about an operation. An answer whose status decides nothing is Unknown."""
        answer = await self._calls.send("POST", path, body, headers)
        if not isinstance(answer, Answer) or answer.http_status not in UNDECIDED:
            return answer
        reason = f"HTTP status {answer.http_status}"
        return Unavailable(reason) if self._was_never_begun(answer) else Unknown(reason)

    def _was_never_begun(self, _refused: Answer, /) -> bool:
        """Whether an answer with a status of UNDECIDED proves that its request was turned away unread."""
        return False

    def _believed(self, request: ProviderRequest, said: Interpretation) -> Outcome:
        outcome = compared(asked_by(request), said.outcome, said.stated)
        made = said.stated.made
        if isinstance(outcome, Approved) and made is not None and not self._given.is_for(made, request.operation_id):
            return Mismatched(f"the provider has given the name {made} to another operation before")
        return outcome


class GivenNames:
    """The names that a provider gave to what it made, with the operation each was given for; the oldest are forgotten.

    Other processes, and this one before its start, may have heard of more.
    """

    def __init__(self, names_max: int = NAMES_MAX) -> None:
        self._operations: OrderedDict[str, OperationId] = OrderedDict()
        self._names_max = names_max

    def is_for(self, name: str, operation_id: OperationId) -> bool:
        """Whether `name` belongs to this operation; a name that belongs to none is assigned to this one."""
        known = self._operations.setdefault(name, operation_id)
        if len(self._operations) > self._names_max:
            self._operations.popitem(last=False)
        return known == operation_id


def asked_by(request: ProviderRequest) -> Asked:
    """The facts that `request` asks for."""
    match request:
        case AuthorizeRequest(capture=capture):
            movement, charge = (Movement.TAKEN if capture else Movement.RESERVED), None
        case CaptureRequest(reference=reference):
            movement, charge = Movement.TAKEN, reference
        case VoidRequest(reference=reference):
            movement, charge = Movement.RELEASED, reference
        case RefundRequest(reference=reference):
            movement, charge = Movement.GIVEN_BACK, reference
        case _:
            assert_never(request)
    return Asked(operation_id=request.operation_id, charge=charge, amount=request.amount, movement=movement)
