"""A provider in memory that keeps the real one's contract, and whose next calls a test can spoil."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from domain.identifiers import OperationId
from domain.money.money import Money, zero
from domain.payment.method import MethodType
from domain.payment.outcome import (
    ActionRequired,
    Approved,
    ApprovedInPart,
    Declined,
    Mismatched,
    Outcome,
    Redirect,
    Refusal,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.routing.capabilities import Capabilities

DECLINING, TIMING_OUT = "tok_declined", "tok_timeout"
ACTING = "tok_action"
"""Its customer has to act first."""
CAPTURE_TIMING_OUT, REFUND_TIMING_OUT = "tok_capture_timeout", "tok_refund_timeout"

NO_ANSWER = Unknown("no answer in time")


class Fate(Enum):
    """What becomes of a call, apart from what it asks for."""

    ANSWERED = auto()
    ANSWER_LOST = auto()
    """It took effect, and nobody hears of it."""
    LOST = auto()
    """It never arrived, and nobody knows."""


class _Charge(Struct):
    token: str
    reserved: Money
    taken: Money
    given_back: Money


class ScriptedProvider:
    """Implements application.provider.port.Provider. `unreachable` ones answer as if nothing listened."""

    def __init__(self, *, unreachable: bool = False) -> None:
        self.unreachable = unreachable
        self.asked: list[ProviderRequest] = []
        self.looked_up: list[OperationId] = []
        self.fates: deque[Fate] = deque()
        """Of the next calls; those after them are answered."""
        self.lookups_lost = 0
        """How many of the next look-ups come back without an answer."""
        self.several_captures = True
        self.partial_approvals = False
        self.refusal: Refusal | None = None
        """What every authorisation is refused with, if anything."""
        self.approves_only: Money | None = None
        """What it approves of every authorisation, where that is less than was asked for."""
        self.mismatch: Mismatched | None = None
        """What a connector makes of everything that it says, though it does what it is asked."""
        self.loses_answers = False
        """While true, what it does and says reaches nobody."""
        self.misreported: Outcome | None = None
        """Said once, instead of the next answer; a look-up knows better."""
        self.before_answer: Callable[[], Awaitable[None]] | None = None
        """Awaited after the next call has taken effect, and then forgotten."""
        self.holds_on = False
        """While true, it cancels nothing that its customer has not acted on."""
        self._charges: dict[str, _Charge] = {}
        self._waiting: dict[str, AuthorizeRequest] = {}
        self._outcomes: dict[OperationId, Outcome] = {}

    @property
    def taken_minor(self) -> int:
        """What it holds for us: captures less refunds."""
        return sum(charge.taken.minor - charge.given_back.minor for charge in self._charges.values())

    @property
    def effects(self) -> int:
        """How many different operations it has carried out or refused."""
        return len(self._outcomes)

    @property
    def charges(self) -> int:
        """How many authorisations it approved."""
        return len(self._charges)

    def customers_act(self) -> None:
        """Everybody who is waited for says yes, and nobody is told."""
        for reference, request in self._waiting.items():
            self._outcomes[request.operation_id] = self._reserve(reference, request)
        self._waiting.clear()

    def customers_refuse(self) -> None:
        """Everybody who is waited for says no, and nobody is told."""
        for request in self._waiting.values():
            self._outcomes[request.operation_id] = Declined("authentication_failed", "The customer said no.")
        self._waiting.clear()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            methods=frozenset(MethodType),
            several_captures=self.several_captures,
            partial_approvals=self.partial_approvals,
        )

    async def authorize(self, request: AuthorizeRequest) -> Outcome:
        return await self._answer(request, request.method.token == TIMING_OUT)

    async def capture(self, request: CaptureRequest) -> Outcome:
        return await self._answer(request, self._token(request.reference) == CAPTURE_TIMING_OUT)

    async def void(self, request: VoidRequest) -> Outcome:
        return await self._answer(request, False)

    async def refund(self, request: RefundRequest) -> Outcome:
        return await self._answer(request, self._token(request.reference) == REFUND_TIMING_OUT)

    async def lookup(self, request: ProviderRequest) -> Outcome | None:
        if self.unreachable:
            return NO_ANSWER
        self.looked_up.append(request.operation_id)
        if self.loses_answers:
            return NO_ANSWER
        if self.lookups_lost:
            self.lookups_lost -= 1
            return NO_ANSWER
        found = self._outcomes.get(request.operation_id)
        return found and (self.mismatch or found)

    async def _answer(self, request: ProviderRequest, never_answers: bool) -> Outcome:
        if self.unreachable:
            return Unavailable("nothing listens")
        self.asked.append(request)
        fate = self.fates.popleft() if self.fates else Fate.ANSWERED
        if fate is Fate.LOST:
            return NO_ANSWER
        known = request.operation_id in self._outcomes
        outcome = self._outcomes.get(request.operation_id) or self._do(request)
        self._outcomes[request.operation_id] = outcome
        if self.before_answer is not None:
            pause, self.before_answer = self.before_answer, None
            await pause()
        await asyncio.sleep(0)
        lost = self.loses_answers or fate is Fate.ANSWER_LOST or (never_answers and not known)
        if lost:
            return NO_ANSWER
        misreported, self.misreported = self.misreported, None
        return misreported or self.mismatch or outcome

    def _do(self, request: ProviderRequest) -> Outcome:
        if isinstance(request, AuthorizeRequest):
            return self._authorize(request)
        charge, done = self._charges.get(request.reference), Approved(request.operation_id.hex)
        match request:
            case VoidRequest(reference=reference) if reference in self._waiting and not self.holds_on:
                canceled = self._waiting.pop(reference)
                self._outcomes[canceled.operation_id] = Declined("canceled", "It was canceled.")
            case CaptureRequest(amount=amount, final=final) if charge and amount <= charge.reserved:
                charge.taken += amount
                charge.reserved = zero(amount.currency) if final else charge.reserved - amount
            case VoidRequest() if charge and charge.reserved.minor:
                charge.reserved = zero(charge.reserved.currency)
            case RefundRequest(amount=amount) if charge and amount <= charge.taken - charge.given_back:
                charge.given_back += amount
            case _:
                return Rejected("not_possible", "The charge does not allow that.")
        return done

    def _authorize(self, request: AuthorizeRequest) -> Outcome:
        if self.refusal is not None:
            return self.refusal
        if request.method.token == DECLINING:
            return Declined("card_declined", "The card was declined.")
        reference = request.operation_id.hex
        if request.method.token == ACTING:
            self._waiting[reference] = request
            return ActionRequired(reference, Redirect("https://bank.example/challenge"))
        if self.approves_only is not None:
            part = replace(request, amount=self.approves_only)
            return ApprovedInPart(
                f"{self.approves_only} of {request.amount}",
                reference=self._reserve(reference, part).reference,
                amount=self.approves_only,
                taken=request.capture,
            )
        return self._reserve(reference, request)

    def _reserve(self, reference: str, request: AuthorizeRequest) -> Approved:
        nothing = zero(request.amount.currency)
        reserved, taken = (nothing, request.amount) if request.capture else (request.amount, nothing)
        self._charges[reference] = _Charge(request.method.token, reserved, taken, given_back=nothing)
        return Approved(reference)

    def _token(self, reference: str) -> str:
        charge = self._charges.get(reference)
        return charge.token if charge else ""


class Always(ScriptedProvider):
    """Answers authorisations with `outcomes`, one after the other, and then with the last of them."""

    def __init__(self, *outcomes: Outcome) -> None:
        super().__init__()
        self._said = list(outcomes)
        self.calls = 0

    async def authorize(self, request: AuthorizeRequest) -> Outcome:
        self.calls += 1
        return self._said.pop(0) if len(self._said) > 1 else self._said[0]
