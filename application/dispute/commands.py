"""The commands of merchants, operators and deadlines on disputes."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from application.dispute.evidence import EvidenceFiles
from application.dispute.loaded import LoadedDispute, load_dispute
from application.dispute.money import Decided, DisputeMoney
from application.payment.loaded import LoadedPayment
from application.provider.dispute_api import DisputeApi, EvidenceFile
from application.terms.pricing_context import PricingContexts
from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.store import Append, EventStore
from domain.derivation import acceptance_id_for, submission_id_for
from domain.dispute.accept import accept, record_acceptance_outcome
from domain.dispute.add_evidence import AddEvidence, add_evidence, remove_evidence
from domain.dispute.amend import amend
from domain.dispute.events import DisputeCaseEvent, EvidenceKind
from domain.dispute.evidence_content import evidence_type, require_evidence
from domain.dispute.expire import expire
from domain.dispute.open import OpenCase, open_case
from domain.dispute.rule import rule, rule_in_part
from domain.dispute.state import Accepted, DisputeCase, Submitting, case_id_for
from domain.dispute.submit import record_submission_outcome, submit
from domain.errors import DomainError
from domain.history import Cause
from domain.identifiers import DisputeCaseId, EvidenceId, MerchantId, ProviderName, SubmissionId
from domain.money.money import Money
from domain.payment.outcome import Outcome, Unavailable
from domain.payment.state import DisputeResult
from domain.terms.pricing_context import PricingContext

T = TypeVar("T")
Decision = Callable[[DisputeCase, datetime], tuple[DisputeCaseEvent, ...]]

log = logging.getLogger(__name__)


class AnswerAtProvider(DomainError):
    """The provider takes no answer through our account: the merchant has to answer there."""

    provider: str


class Disputes:
    """Every command on a dispute. `merchant_id` is the merchant that gives the command.

    Each method raises the domain's refusals, DisputeNotFound, TooManyConflicts, and StoreUnavailable.
    """

    def __init__(
        self,
        *,
        store: EventStore,
        pricing_contexts: PricingContexts,
        dispute_apis: Mapping[ProviderName, DisputeApi],
        files: EvidenceFiles,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self.money = DisputeMoney(store=store, pricing_contexts=pricing_contexts, now=now)
        self._store = store
        self._dispute_apis = dispute_apis
        self._files = files
        self._now = now
        self._new_id = new_id
        self._running: set[asyncio.Task[LoadedDispute]] = set()
        self._examining = asyncio.Semaphore(1)

    async def open(self, command: OpenCase, cause: Cause) -> LoadedDispute:
        """Record a dispute without the provider's notification. Raises DisputeDiffers where another dispute of that
        name is on record, PaymentNotFound, RateMissing, BalanceLimitBroken too."""

        def decide(
            dispute: DisputeCase | None, _payment: LoadedPayment, pricing: PricingContext, now: datetime
        ) -> tuple[DisputeCaseEvent, ...]:
            return open_case(dispute, command, pricing.terms.disputes, now)

        case_id = case_id_for(command.provider, command.dispute_id)
        decided = await self.money.decide(case_id, command.payment_id, decide, cause, records_external_effect=True)
        return decided.loaded

    async def rule(self, case_id: DisputeCaseId, result: DisputeResult, cause: Cause) -> LoadedDispute:
        """Record the bank's ruling. Raises RulingContradicts, NotEscalated."""
        return await self._record_ruling(case_id, lambda dispute, _: rule(dispute, result), cause)

    async def rule_in_part(self, case_id: DisputeCaseId, lost_minor: int, cause: Cause) -> LoadedDispute:
        """Record the bank's ruling that `lost_minor` minor units of the disputed amount are the customer's. Raises
        RulingContradicts, NotEscalated, AmountOutOfRange, ReversedBefore."""

        def decide(dispute: DisputeCase, _: datetime) -> tuple[DisputeCaseEvent, ...]:
            return rule_in_part(dispute, Money(lost_minor, dispute.case.amount.currency))

        return await self._record_ruling(case_id, decide, cause)

    async def amend(self, case_id: DisputeCaseId, amount_minor: int, cause: Cause) -> LoadedDispute:
        """Record that the bank disputes `amount_minor` minor units from now on. Raises DisputeClosed, AmountOutOfRange,
        OperationInProgress."""

        def decide(dispute: DisputeCase, _: datetime) -> tuple[DisputeCaseEvent, ...]:
            return amend(dispute, Money(amount_minor, dispute.case.amount.currency))

        return await self._record_ruling(case_id, decide, cause)

    async def expire(self, case_id: DisputeCaseId, cause: Cause) -> bool:
        """Give up the dispute if it was not answered in time; False if there was nothing to give up."""
        return bool((await self._decide_with_money(case_id, expire, cause, records_external_effect=True)).events)

    async def add_evidence(
        self,
        case_id: DisputeCaseId,
        *,
        merchant_id: MerchantId,
        kind: EvidenceKind,
        name: str,
        media_type: str | None,
        content: bytes,
        cause: Cause,
    ) -> LoadedDispute:
        """Add the file `content`; without a `media_type`, the type is the one that the bytes show.

        The file is stored before the event that names it; a file whose event is refused after that does no harm.

        Raises EvidenceTooLarge, EvidenceTypeRefused, EvidenceTypeDiffers, TooMuchEvidence, DisputeDeadlinePassed,
        DisputeClosed, CardDataRefused.
        """
        declared = media_type or evidence_type(content)
        command = AddEvidence(
            evidence_id=EvidenceId(self._new_id()),
            kind=kind,
            name=name,
            media_type=declared,
            bytes=len(content),
            sha256=await self._off_loop(lambda: hashlib.sha256(content).hexdigest()),
        )
        loaded = (await load_dispute(self._store, case_id)).owned_by(merchant_id)
        if add_evidence(loaded.dispute, command, self._now()):
            await self._off_loop(lambda: require_evidence(declared, content))
            await self._files.put(command.sha256, content)
        return await self._decide(case_id, merchant_id, lambda dispute, now: add_evidence(dispute, command, now), cause)

    async def remove_evidence(
        self, case_id: DisputeCaseId, name: str, *, merchant_id: MerchantId, cause: Cause
    ) -> LoadedDispute:
        """Remove the file of that name. Raises EvidenceNotFound, DisputeDeadlinePassed, DisputeClosed."""
        return await self._decide(case_id, merchant_id, lambda dispute, now: remove_evidence(dispute, name, now), cause)

    async def submit(self, case_id: DisputeCaseId, *, merchant_id: MerchantId, cause: Cause) -> LoadedDispute:
        """Hand the evidence in. The returned dispute has the provider's answer; while the answer is unknown, the
        dispute is submitting, and a worker asks again under the same id.

        Raises AnswerAtProvider, EvidenceMissing, DisputeDeadlinePassed, DisputeClosed.
        """
        loaded = await self._answerable_here(case_id, merchant_id)
        evidence = [each.sha256 for each in loaded.dispute.case.evidence]
        submission_id = submission_id_for(case_id, loaded.version, evidence)
        loaded = await self._decide(
            case_id, merchant_id, lambda dispute, now: submit(dispute, submission_id, now), cause
        )
        dispute = loaded.dispute
        begun = isinstance(dispute, Submitting) and dispute.submission_id == submission_id
        return await self._send_in_own_task(loaded, cause) if begun else loaded

    async def accept(self, case_id: DisputeCaseId, *, merchant_id: MerchantId, cause: Cause) -> LoadedDispute:
        """Give in. The acceptance is sent to the provider once it is on record.

        Raises AnswerAtProvider, InquiryMovedNoMoney, DisputeDeadlinePassed, DisputeClosed.
        """
        await self._answerable_here(case_id, merchant_id)
        acceptance_id = acceptance_id_for(case_id)
        decided = await self._decide_with_money(
            case_id, lambda dispute, now: accept(dispute, acceptance_id, now), cause, records_external_effect=False
        )
        return await self._send_in_own_task(decided.loaded, cause) if decided.events else decided.loaded

    async def send_pending_answer(self, loaded: LoadedDispute, cause: Cause) -> LoadedDispute:
        """Send the provider the submission or acceptance that it has not confirmed, under its id, and record the
        outcome. A dispute without one is returned as it is."""
        dispute = loaded.dispute
        match dispute:
            case Submitting(submission_id=submission_id):
                outcome = await self._send_evidence(dispute)
                return await self._decide(
                    loaded.id, None, lambda found, _: record_submission_outcome(found, submission_id, outcome), cause
                )
            case Accepted(untold=UUID() as untold):
                acceptance_id = SubmissionId(untold)
                dispute_api = self._dispute_apis.get(dispute.case.provider)
                answer = (
                    _not_configured()
                    if dispute_api is None
                    else await dispute_api.accept(dispute.case.dispute_id, acceptance_id)
                )
                return await self._decide(
                    loaded.id, None, lambda found, _: record_acceptance_outcome(found, acceptance_id, answer), cause
                )
            case _:
                return loaded

    async def aclose(self) -> None:
        """Wait for the requests that are at a provider."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _off_loop(self, examine: Callable[[], T]) -> T:
        """Examine a file in a thread, which may take seconds; one file at a time, so that requests keep their share of
        the processor."""
        async with self._examining:
            return await asyncio.to_thread(examine)

    async def _send_evidence(self, dispute: Submitting) -> Outcome:
        case = dispute.case
        dispute_api = self._dispute_apis.get(case.provider)
        if dispute_api is None:
            return _not_configured()
        files = []
        for evidence in case.evidence:
            if evidence.evidence_id in dispute.evidence:
                content = await self._files.get(evidence.sha256)
                assert content is not None, "a file is stored before the event that names it"
                files.append(
                    EvidenceFile(
                        kind=evidence.kind,
                        name=evidence.name,
                        media_type=evidence.media_type,
                        sha256=evidence.sha256,
                        content=content,
                    )
                )
        return await dispute_api.submit(case.dispute_id, tuple(files), dispute.submission_id)

    async def _send_in_own_task(self, loaded: LoadedDispute, cause: Cause) -> LoadedDispute:
        """Send the answer in a task of its own: a merchant that hangs up must not leave it half done."""
        task = asyncio.create_task(self.send_pending_answer(loaded, cause))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _answerable_here(self, case_id: DisputeCaseId, merchant_id: MerchantId) -> LoadedDispute:
        """The dispute, if its provider takes answers through our account. Raises DisputeNotFound, AnswerAtProvider."""
        loaded = (await load_dispute(self._store, case_id)).owned_by(merchant_id)
        provider = loaded.dispute.case.provider
        if provider not in self._dispute_apis:
            raise AnswerAtProvider(provider=provider)
        return loaded

    async def _decide_with_money(
        self, case_id: DisputeCaseId, decide: Decision, cause: Cause, *, records_external_effect: bool
    ) -> Decided:
        """Append the decision together with the money that it moves."""
        payment_id = (await load_dispute(self._store, case_id)).dispute.case.payment_id

        def decide_on_case(
            dispute: DisputeCase | None, _payment: LoadedPayment, _pricing: PricingContext, now: datetime
        ) -> tuple[DisputeCaseEvent, ...]:
            assert dispute is not None, "a dispute once loaded does not disappear"
            return decide(dispute, now)

        return await self.money.decide(
            case_id, payment_id, decide_on_case, cause, records_external_effect=records_external_effect
        )

    async def _record_ruling(self, case_id: DisputeCaseId, decide: Decision, cause: Cause) -> LoadedDispute:
        """Append a decision of the bank's, with the money that it has moved."""
        return (await self._decide_with_money(case_id, decide, cause, records_external_effect=True)).loaded

    async def _decide(
        self, case_id: DisputeCaseId, merchant_id: MerchantId | None, decide: Decision, cause: Cause
    ) -> LoadedDispute:
        """Append a decision that moves no money."""

        async def load() -> LoadedDispute:
            loaded = await load_dispute(self._store, case_id)
            return loaded if merchant_id is None else loaded.owned_by(merchant_id)

        def propose(loaded: LoadedDispute) -> Proposal[LoadedDispute] | Unchanged[LoadedDispute]:
            now = self._now()
            events = decide(loaded.dispute, now)
            if not events:
                return Unchanged(loaded)
            append = Append(events=loaded.record(events, cause=cause, now=now))
            return Proposal(append, lambda position: loaded.after(events, position, now=now))

        return await decide_and_append(self._store, load, propose, limit_broken=unreachable, key_used=unreachable)


def _not_configured() -> Outcome:
    return Unavailable("the provider is not configured here")
