"""Each payout goes to the bank in one file, which is sent unchanged until the bank has answered."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from application.payout.bank_port import (
    INSTRUCTIONS_MAX,
    Accepted,
    Bank,
    BankFile,
    BankUnavailable,
    Batch,
    Instruction,
    InstructionInvalid,
    RefusedFile,
    TakenPayment,
    storable,
)
from application.payout.batch import LoadedBatch, load_batch, plan
from application.payout.loaded import LoadedPayout, load_all
from application.payout.queue import PayoutQueue, PayoutsTaken
from application.terms.pricing_context import PricingContexts
from application.write.append import Proposal, TooManyConflicts, Unchanged, decide_and_append, unreachable
from application.write.recording import record_all
from application.write.store import Append, Appended, AppendResult, EventStore, KeyUsed, LimitBroken, VersionConflict
from application.write.worker import worker_cause
from domain.derivation import batch_id_for
from domain.errors import DomainError, described
from domain.history import Cause
from domain.identifiers import PLATFORM, BatchId, PayoutId
from domain.money.money import Money
from domain.payout.batch import batch
from domain.payout.events import PayoutEvent, PayoutSent
from domain.payout.fail import fail
from domain.payout.sent import sent
from domain.payout.state import Payout, Ready
from domain.payout_batch.answer import refused, submitted
from domain.payout_batch.events import BatchedPayout, PayoutBatchCreated, PayoutBatchEvent
from domain.payout_batch.state import PayoutBatch, Unanswered, batch_id_in, message_id_for
from domain.terms.payouts import execution_date

log = logging.getLogger(__name__)


class FileDiffers(DomainError):
    """The file can no longer be written as before, because our own account or the spelling rules changed; no other file
    is sent."""

    file_sha256: str


class PayoutFiles:
    """May be run by any number of workers at once. Each method raises StoreUnavailable."""

    def __init__(
        self,
        *,
        store: EventStore,
        queue: PayoutQueue,
        taken: PayoutsTaken,
        bank: Bank,
        pricing_contexts: PricingContexts,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._store = store
        self._queue = queue
        self._taken = taken
        self._bank = bank
        self._pricing_contexts = pricing_contexts
        self._now = now
        self._new_id = new_id

    async def run(self) -> bool:
        """Batch the payouts that are ready, and send the batches that the bank has not answered; whether there were
        any."""
        ready = await self._queue.ready(INSTRUCTIONS_MAX)
        made = await self._batch(ready)
        unanswered = await self._queue.unanswered()
        for batch_id in dict.fromkeys((*unanswered, *made)):
            try:
                await self.send(batch_id)
            except (FileDiffers, TooManyConflicts) as error:
                # A batch that cannot be sent holds up no other.
                log.error("payout_batch_not_sent", extra={"batch_id": str(batch_id), "error": described(error)})
        return bool(ready or unanswered)

    async def batch_ready(self) -> list[BatchId]:
        """Put the payouts that are ready into batches, one for each currency and day of execution."""
        return await self._batch(await self._queue.ready(INSTRUCTIONS_MAX))

    async def _batch(self, ready: Sequence[PayoutId]) -> list[BatchId]:
        waiting = await load_all(self._store, ready)
        at_bank = await self._taken.among([payout.id for payout in waiting.values()]) if waiting else {}
        groups: dict[tuple[str, date], list[LoadedPayout]] = defaultdict(list)
        for payout in waiting.values():
            if isinstance(payout.payout, Ready):
                pricing = self._pricing_contexts.of(payout.merchant_id)
                day = execution_date(pricing.terms.payouts, self._now(), pricing.is_holiday)
                if payout.id in at_bank:
                    await self._record_taken(payout, at_bank[payout.id], day)
                    continue
                groups[payout.payout.order.amount.currency, day].append(payout)
        made: list[BatchId] = []
        for (currency, day), payouts in groups.items():
            # Sorted, so that the same payouts make the same file.
            made += await self._make_all(sorted(payouts, key=lambda payout: payout.id), currency, day)
        return made

    async def _record_taken(self, payout: LoadedPayout, taken: TakenPayment, day: date) -> None:
        """Record that the bank has the payout in a file of the time that this store has lost, so that no other file
        carries it."""
        batch_id = batch_id_in(taken.message_id)
        if batch_id is None:
            log.error("payout_taken_in_unknown_file", extra={"payout_id": str(payout.id), "message": taken.message_id})
            return
        placed = batch(payout.payout, payout.id, batch_id, day)
        events = (*placed, PayoutSent(batch_id=batch_id)) if placed else ()
        cause = worker_cause("payouts", self._new_id, about=f"{payout.id}:{payout.version}")
        result = await self._store.append(Append(events=payout.record(events, cause=cause, now=self._now())))
        if _is_first(result):
            await self._taken.recorded(payout.id)
            log.warning("payout_was_sent_before", extra={"payout_id": str(payout.id), "batch_id": str(batch_id)})

    async def send(self, batch_id: BatchId) -> None:
        """Submit the file of a batch, unless the bank has answered for the batch. Raises BatchNotFound, FileDiffers,
        TooManyConflicts."""
        loaded = await load_batch(self._store, batch_id)
        if not isinstance(loaded.batch, Unanswered):
            return
        file = await self._file(loaded)
        submission = await self._bank.submit(file, loaded.batch.made.message_id)
        match submission:
            case Accepted(reference=said):
                reference = storable(said)
                await self._record_answer(
                    batch_id, lambda batch: submitted(batch, reference), lambda payout: sent(payout, batch_id)
                )
                log.info("payout_batch_submitted", extra={"batch_id": str(batch_id), "reference": reference})
            case RefusedFile(reason=said):
                reason = storable(said)
                await self._record_answer(
                    batch_id, lambda batch: refused(batch, reason), lambda payout: fail(payout, reason)
                )
                log.error("payout_batch_refused", extra={"batch_id": str(batch_id), "reason": reason})
            case BankUnavailable(reason=reason):
                # The bank may have the file: only the same bytes under the same name can be sent again.
                log.warning("payout_batch_unanswered", extra={"batch_id": str(batch_id), "reason": reason})
            case _:
                assert_never(submission)

    async def file_of(self, batch_id: BatchId) -> BankFile:
        """The file of a batch, sent or not. Raises BatchNotFound, FileDiffers."""
        return await self._file(await load_batch(self._store, batch_id))

    async def _make_all(self, payouts: Sequence[LoadedPayout], currency: str, day: date) -> list[BatchId]:
        """Make one batch of `payouts`, or several where no single file can carry them all, so that a payout that cannot
        be sent, or too large a sum, holds up no other payout."""
        try:
            batch_id = await self._make(payouts, currency, day)
        except DomainError as error:
            if len(payouts) == 1:
                extra = {"payout_id": str(payouts[0].id), "currency": currency, "error": described(error)}
                log.error("payout_not_batched", extra=extra)
                return []
            half = len(payouts) // 2
            first = await self._make_all(payouts[:half], currency, day)
            return [*first, *await self._make_all(payouts[half:], currency, day)]
        return [] if batch_id is None else [batch_id]

    async def _make(self, payouts: Sequence[LoadedPayout], currency: str, day: date) -> BatchId | None:
        """Make one batch. None where another worker, or a merchant, changed one of the payouts first: those that are
        left come with the next batch."""
        now = self._now()
        cause = worker_cause("payouts", self._new_id, about=f"{payouts[0].id}:{payouts[0].version}")
        batch_id = batch_id_for([payout.id for payout in payouts])
        planned = await plan(self._store, batch_id, payouts, currency, day, created_at=now)
        planned, file = await self._instructed(planned, {payout.id: payout for payout in payouts}, cause)
        if file is None:
            return None
        batch_id = BatchId(planned.batch_id)
        created = PayoutBatchCreated(
            batch_id=batch_id,
            message_id=planned.message_id,
            currency=currency,
            execution_date=day,
            payouts=tuple(
                BatchedPayout(payout_id=PayoutId(one.payout_id), amount_minor=one.amount.minor)
                for one in planned.instructions
            ),
            file_sha256=file.sha256,
            total=Money(sum(one.amount.minor for one in planned.instructions), currency),
        )
        included = {one.payout_id for one in planned.instructions}
        events = [*record_all(batch_id, 0, (created,), merchant_id=PLATFORM, cause=cause, now=now)]
        member_cause = replace(cause, causation_id=f"{batch_id}:1")
        for payout in payouts:
            if payout.id in included:
                batched = batch(payout.payout, payout.id, batch_id, day)
                events.extend(payout.record(batched, cause=member_cause, now=now))
        result = await self._store.append(Append(events=tuple(events)))
        if not _is_first(result):
            return None
        log.info("payouts_batched", extra={"batch_id": str(batch_id), "payouts": len(included)})
        return batch_id

    async def _instructed(
        self, planned: Batch, payouts: dict[UUID, LoadedPayout], cause: Cause
    ) -> tuple[Batch, BankFile | None]:
        """The batch of the payouts that a file can carry, and that file; None where it can carry none. The others
        fail."""
        while planned.instructions:
            fault = _first_fault(self._bank, planned.instructions)
            if fault is None:
                try:
                    return planned, await asyncio.to_thread(self._bank.instruct, planned)
                except InstructionInvalid as error:
                    if not error.end_to_end_id:
                        raise
                    fault = (error.end_to_end_id, error.reason)
            end_to_end_id, reason = fault
            [unfit] = [one for one in planned.instructions if one.end_to_end_id == end_to_end_id]
            await self._fail(payouts[unfit.payout_id], reason, cause)
            planned = _with_instructions(planned, tuple(one for one in planned.instructions if one is not unfit))
        return planned, None

    async def _fail(self, payout: LoadedPayout, reason: str, cause: Cause) -> None:
        """End a payout that no file can carry, unless another command changed it first."""
        log.error("payout_not_instructed", extra={"payout_id": str(payout.id), "reason": reason})
        events = fail(payout.payout, storable(reason))
        _is_first(await self._store.append(Append(events=payout.record(events, cause=cause, now=self._now()))))

    async def _file(self, loaded: LoadedBatch) -> BankFile:
        made = loaded.batch.made
        payouts = await load_all(self._store, (one.payout_id for one in made.payouts))
        in_order = [payouts[one.payout_id] for one in made.payouts]
        planned = await plan(
            self._store, loaded.id, in_order, made.currency, made.execution_date, created_at=loaded.created_at
        )
        try:
            file = await asyncio.to_thread(self._bank.instruct, planned)
        except DomainError as error:
            raise FileDiffers(file_sha256=made.file_sha256) from error
        if file.sha256 != made.file_sha256:
            raise FileDiffers(file_sha256=made.file_sha256)
        return file

    async def _record_answer(
        self,
        batch_id: BatchId,
        answer: Callable[[PayoutBatch], Sequence[PayoutBatchEvent]],
        follow: Callable[[Payout], Sequence[PayoutEvent]],
    ) -> None:
        """Append the bank's answer for a file, and in the same append its consequence for each payout in the file."""

        async def load() -> tuple[LoadedBatch, Sequence[LoadedPayout]]:
            loaded = await load_batch(self._store, batch_id)
            if not isinstance(loaded.batch, Unanswered):
                return loaded, ()
            payouts = await load_all(self._store, (one.payout_id for one in loaded.batch.made.payouts))
            return loaded, tuple(payouts.values())

        def propose(state: tuple[LoadedBatch, Sequence[LoadedPayout]]) -> Proposal[None] | Unchanged[None]:
            loaded, payouts = state
            answered = answer(loaded.batch)
            if not answered:
                return Unchanged(None)
            now = self._now()
            cause = worker_cause("payouts", self._new_id, about=f"{batch_id}:{loaded.version}")
            events = list(
                record_all(
                    batch_id,
                    loaded.version,
                    answered,
                    merchant_id=PLATFORM,
                    cause=cause,
                    now=now,
                    updated_at=loaded.updated_at,
                )
            )
            for payout in payouts:
                events.extend(payout.record(follow(payout.payout), cause=cause, now=now))
            return Proposal(Append(events=tuple(events)), lambda _position: None)

        # Money in transit can always be given back: no limit is in the way.
        await decide_and_append(self._store, load, propose, limit_broken=unreachable, key_used=unreachable)


def _is_first(result: AppendResult) -> bool:
    """Whether an append to payouts took effect; False where another command changed one of them first."""
    match result:
        case Appended():
            return True
        case VersionConflict():
            return False
        case LimitBroken() | KeyUsed():
            raise AssertionError(f"money in transit can be given back, not {type(result).__name__}")
        case _:
            assert_never(result)


def _with_instructions(planned: Batch, instructions: tuple[Instruction, ...]) -> Batch:
    """The batch with these instructions only, and with the id that belongs to them."""
    if not instructions:
        return replace(planned, instructions=())
    batch_id = batch_id_for([PayoutId(one.payout_id) for one in instructions])
    return replace(planned, batch_id=batch_id, message_id=message_id_for(batch_id), instructions=instructions)


def _first_fault(bank: Bank, instructions: Sequence[Instruction]) -> tuple[str, str] | None:
    """The end-to-end id of the first instruction that no file can carry, and the reason; None where there is none."""
    for one in instructions:
        fault = bank.fault_of(one.amount, one.details)
        if fault is not None:
            return one.end_to_end_id, fault.reason
    return None
