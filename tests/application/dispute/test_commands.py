"""Disputes on the real store: one append for the case and its money, each notice once, each submission under its id."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

import application.dispute.commands
from application.dispute.apply_notification import DisputeNotices
from application.dispute.commands import AnswerAtProvider, Disputes
from application.dispute.deadlines import DisputeDeadlines
from application.dispute.loaded import DisputeNotFound, LoadedDispute, load_dispute
from application.payment.apply_notification import Again, Dead, Done, Result
from application.payment.loaded import load
from application.provider.dispute_api import EvidenceFile
from application.provider.webhook import DisputeNotification, DisputePhase
from application.terms.pricing_context import CurrentPricingContexts
from application.write.recording import record_all
from application.write.store import Append, Appended, StoreUnavailable
from domain.card_data import CardDataRefused
from domain.dispute.events import DisputeReason, EvidenceKind
from domain.dispute.refusals import DisputeClosed, DisputeDeadlinePassed, EvidenceTooLarge, EvidenceTypeRefused
from domain.dispute.state import Accepted, Lost, NeedsResponse, Submitting, UnderReview, Won, case_id_for, status_of
from domain.event import name_of
from domain.history import Cause, record
from domain.identifiers import DisputeCaseId, DisputeId, MerchantId, PaymentId, SubmissionId
from domain.ledger.accounts import Side, bank, owed
from domain.ledger.balances import fold_balances
from domain.ledger.entry import JournalEntryPosted, Posting
from domain.payment.dispute import CloseDispute, OpenDispute, close_dispute, open_dispute
from domain.payment.dispute_events import DisputeOpened
from domain.payment.outcome import Approved, Outcome, Rejected, Unknown
from domain.payment.state import DisputeResult, Refunding, captured_funds_of
from domain.payment.status import Status
from domain.payment.status import status_of as payment_status
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.dispute.evidence_files import PostgresEvidenceFiles
from tests.application.shop import Shop, a_caller
from tests.support.domain import BASIS, HUNDRED, MERCHANT, NOW, eur
from tests.support.routing import SIMULATOR
from tests.support.store import assert_appended, everything

DISPUTE = DisputeId("dp_1")
CASE = case_id_for(SIMULATOR, DISPUTE)
CAUSE = Cause(actor="psp:simulator", request_id="req_1", trace_id="0" * 32)


class ScriptedDesk:
    """Implements application.provider.dispute_api.DisputeApi; `outcomes` are those of the next calls."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.outcomes: list[Outcome] = []
        self.submitted: list[tuple[SubmissionId, tuple[EvidenceFile, ...]]] = []
        self.accepted: list[SubmissionId] = []
        self.found: list[str] = []
        """What the store said of the dispute when the desk was asked."""

    async def submit(
        self, dispute_id: DisputeId, evidence: tuple[EvidenceFile, ...], submission_id: SubmissionId
    ) -> Outcome:
        assert dispute_id == DISPUTE
        self.submitted.append((submission_id, evidence))
        return await self._next()

    async def accept(self, dispute_id: DisputeId, acceptance_id: SubmissionId) -> Outcome:
        assert dispute_id == DISPUTE
        self.accepted.append(acceptance_id)
        return await self._next()

    async def _next(self) -> Outcome:
        self.found.append(status_of((await load_dispute(self._shop.store, CASE)).dispute))
        return self.outcomes.pop(0) if self.outcomes else Approved("sub_1")


class Agenda:
    """Implements application.dispute.deadlines.DisputeAgenda: the one dispute is always on it, as a view behind has
    it."""

    def __init__(self) -> None:
        self.times: list[tuple[datetime, datetime]] = []

    async def due(self, *, now: datetime, disputes_max: int) -> Sequence[DisputeCaseId]:
        return [CASE, DisputeCaseId(uuid4())]

    async def unconfirmed(self, *, before: datetime, disputes_max: int) -> Sequence[DisputeCaseId]:
        return [CASE]

    async def next_due(self, *, now: datetime, unconfirmed_after: timedelta) -> datetime | None:
        return now


class Court:
    """A shop whose charges are disputed."""

    def __init__(self, shop: Shop, files: PostgresEvidenceFiles) -> None:
        self.shop = shop
        self.desk = ScriptedDesk(shop)
        self.files = files
        self.use(limit_minor=100_000)

    def use(self, *, limit_minor: int, desk: bool = True) -> None:
        settlement = replace(BASIS.terms.settlement, negative_limit_minor={"EUR": limit_minor})
        pricing = replace(BASIS, terms=replace(BASIS.terms, settlement=settlement))
        self.disputes = Disputes(
            store=self.shop.flaky,  # type: ignore[arg-type]
            pricing_contexts=CurrentPricingContexts(
                terms_of=lambda _: pricing.terms, rates=lambda: pricing.rates, is_holiday=pricing.is_holiday
            ),
            dispute_apis={SIMULATOR: self.desk} if desk else {},
            files=self.files,
            now=self.shop.clock,
            new_id=uuid4,
        )
        self.notices = DisputeNotices(self.disputes.money)
        self.deadlines = DisputeDeadlines(
            store=self.shop.flaky,  # type: ignore[arg-type]
            disputes=self.disputes,
            agenda=Agenda(),
            now=self.shop.clock,
            new_id=uuid4,
            inflight_grace_s=0,
        )

    async def hears(self, payment_id: PaymentId, phase: DisputePhase, **changes: Any) -> Result:
        told = DisputeNotification(
            event_id=uuid4().hex,
            phase=phase,
            dispute_id=DISPUTE,
            amount=HUNDRED,
            reason=DisputeReason.FRAUDULENT,
            provider_reason="10.4",
            network=None,
            due=None,
            operation_id=None,
            reference="ch_1",
        )
        if phase is DisputePhase.PARTIALLY_WON:
            told = replace(told, lost=eur("40.00"))
        loaded = await load(self.shop.store, payment_id)
        return await self.notices.apply(loaded, SIMULATOR, replace(told, **changes), CAUSE)

    async def disputed(self) -> PaymentId:
        payment_id = await self.shop.captured()
        assert isinstance(await self.hears(payment_id, DisputePhase.CHARGEBACK), Done)
        return payment_id

    async def case(self) -> LoadedDispute:
        return await load_dispute(self.shop.store, CASE)

    async def case_events(self) -> list[str]:
        return [name_of(each.event.data) for each in await self.shop.store.history(CASE)]

    async def adds(
        self, name: str = "note.txt", content: bytes = b"It was delivered.", **changes: Any
    ) -> LoadedDispute:
        asked: dict[str, Any] = {"kind": EvidenceKind.SHIPPING, "media_type": "text/plain", **changes}
        return await self.disputes.add_evidence(
            CASE, merchant_id=MERCHANT, name=name, content=content, cause=CAUSE, **asked
        )

    async def submits(self) -> LoadedDispute:
        return await self.disputes.submit(CASE, merchant_id=MERCHANT, cause=CAUSE)

    async def accepts(self) -> LoadedDispute:
        return await self.disputes.accept(CASE, merchant_id=MERCHANT, cause=CAUSE)

    async def balances(self) -> dict[str, int]:
        entries = [
            each.event.data
            for each in await everything(self.shop.store)
            if isinstance(each.event.data, JournalEntryPosted)
        ]
        return {
            key.account.rsplit(":", 1)[1]: minor
            for key, minor in fold_balances(entries).items()
            if "merchant" in key.account and "@" not in key.account and minor
        }


@pytest.fixture
async def court(shop: Shop, database_url: str) -> AsyncIterator[Court]:
    pool = ReadPool(database_url)
    await pool.open()
    made = Court(shop, PostgresEvidenceFiles(pool))
    yield made
    await made.disputes.aclose()
    await pool.aclose()


# one append


async def test_a_chargeback_freezes_its_money_in_the_append_that_opens_it(court: Court) -> None:
    payment_id = await court.shop.captured()
    before = len(await everything(court.shop.store))
    heard = await court.hears(payment_id, DisputePhase.CHARGEBACK)
    assert heard == Done("dispute.opened.v1")

    stored = (await everything(court.shop.store))[before:]
    assert [name_of(each.event.data) for each in stored] == [
        "dispute.opened.v1",
        "payment.dispute_opened.v3",
        "journal.entry_posted.v2",
    ]
    assert len({each.event.recorded_at for each in stored}) == 1
    assert {each.event.actor for each in stored} == {"psp:simulator"}
    assert payment_status(await court.shop.payment(payment_id)) is Status.DISPUTED
    assert (await court.balances())["held"] == HUNDRED.minor


async def test_a_store_that_fails_leaves_neither_the_case_nor_its_money(court: Court) -> None:
    payment_id = await court.shop.captured()
    court.shop.flaky.fail_before = 1
    with pytest.raises(StoreUnavailable):
        await court.hears(payment_id, DisputePhase.CHARGEBACK, amount=eur("60.00"))
    assert await court.case_events() == []
    court.shop.flaky.fail_after = 1
    with pytest.raises(StoreUnavailable):
        await court.hears(payment_id, DisputePhase.CHARGEBACK, amount=eur("60.00"))
    assert await court.hears(payment_id, DisputePhase.CHARGEBACK, amount=eur("60.00")) == Done(
        "nothing new: the dispute dp_1 is on record"
    )
    assert (await court.shop.events(payment_id)).count("payment.dispute_opened.v3") == 1


async def test_a_rival_command_makes_it_decide_again(court: Court) -> None:
    payment_id = await court.shop.captured()
    court.shop.flaky.conflicts = 3
    assert isinstance(await court.hears(payment_id, DisputePhase.CHARGEBACK), Done)
    court.shop.flaky.conflicts = 10
    assert isinstance(await court.hears(payment_id, DisputePhase.WON), Again)


async def test_many_who_hear_the_same_at_once_record_it_once(court: Court) -> None:
    payment_id = await court.shop.captured()
    heard = await asyncio.gather(*(court.hears(payment_id, DisputePhase.CHARGEBACK) for _ in range(8)))
    assert all(isinstance(each, Done) for each in heard)
    assert await court.case_events() == ["dispute.opened.v1"]


# where the money comes from


async def test_what_the_lot_does_not_hold_any_more_comes_from_what_is_available(court: Court) -> None:
    other, payment_id = await court.shop.captured(), await court.shop.captured()
    await court.shop.payments.refund(other, a_caller("refund"), amount_minor=None, reason="requested_by_customer")
    assert isinstance(await court.hears(payment_id, DisputePhase.CHARGEBACK), Done)
    opened = await opening_of(court, payment_id)
    assert opened.claim.debit.drawn.available == HUNDRED
    assert (await court.balances())["available"] == -HUNDRED.minor


async def test_what_goes_beyond_the_agreed_limit_is_owed_and_forgiven_when_it_is_won(court: Court) -> None:
    court.use(limit_minor=0)
    other, payment_id = await court.shop.captured(), await court.shop.captured()
    await court.shop.payments.refund(other, a_caller("refund"), amount_minor=None, reason="requested_by_customer")
    assert isinstance(await court.hears(payment_id, DisputePhase.CHARGEBACK), Done)
    assert (await opening_of(court, payment_id)).claim.debit.drawn.owed == HUNDRED
    assert (await court.balances())["owed"] == HUNDRED.minor
    assert isinstance(await court.hears(payment_id, DisputePhase.WON), Done)
    assert "owed" not in await court.balances()
    assert "held" not in await court.balances()


async def test_a_debt_that_was_collected_since_is_given_back_as_available(court: Court) -> None:
    court.use(limit_minor=0)
    other, payment_id = await court.shop.captured(), await court.shop.captured()
    await court.shop.payments.refund(other, a_caller("refund"), amount_minor=None, reason="requested_by_customer")
    await court.hears(payment_id, DisputePhase.CHARGEBACK)
    collected = JournalEntryPosted(
        cause_id=uuid4(),
        payment_id=None,
        merchant_id=MERCHANT,
        cause="a transfer of the merchant's",
        cause_version=1,
        postings=(
            Posting(bank("house"), Side.DEBIT, HUNDRED),
            Posting(owed(MERCHANT), Side.CREDIT, HUNDRED),
        ),
    )
    recorded = record(uuid4(), 1, collected, merchant_id=MERCHANT, cause=CAUSE, recorded_at=NOW)
    assert isinstance(await court.shop.store.append(Append(events=(recorded,))), Appended)
    assert await court.hears(payment_id, DisputePhase.WON) == Done("dispute.won.v1")
    balances = await court.balances()
    assert balances["available"] == HUNDRED.minor
    assert "owed" not in balances


# notices


async def test_an_inquiry_moves_no_money_until_it_is_a_chargeback(court: Court) -> None:
    payment_id = await court.shop.captured()
    events = await court.shop.events(payment_id)
    assert await court.hears(payment_id, DisputePhase.INQUIRY) == Done("dispute.opened.v1")
    assert await court.shop.events(payment_id) == events
    assert isinstance(await court.hears(payment_id, DisputePhase.LOST), Again)
    assert await court.hears(payment_id, DisputePhase.CHARGEBACK, amount=eur("40.00")) == Done("dispute.escalated.v1")
    assert (await opening_of(court, payment_id)).claim.amount == eur("40.00")


async def test_an_inquiry_that_is_closed_leaves_the_payment_alone(court: Court) -> None:
    payment_id = await court.shop.captured()
    await court.hears(payment_id, DisputePhase.INQUIRY)
    assert await court.hears(payment_id, DisputePhase.WON) == Done("dispute.won.v1")
    assert payment_status(await court.shop.payment(payment_id)) is Status.CAPTURED


@pytest.mark.parametrize(
    "phase",
    [DisputePhase.LOST, DisputePhase.WON, DisputePhase.UNDER_REVIEW, DisputePhase.EXPIRED, DisputePhase.ACCEPTED],
)
async def test_what_comes_before_its_opening_waits_for_it(court: Court, phase: DisputePhase) -> None:
    payment_id = await court.shop.captured()
    assert isinstance(await court.hears(payment_id, phase), Again)
    assert await court.case_events() == []
    await court.hears(payment_id, DisputePhase.CHARGEBACK)
    assert isinstance(await court.hears(payment_id, phase), Done)
    assert len(await court.case_events()) == 2


@pytest.mark.parametrize(
    ("phase", "event"),
    [
        (DisputePhase.LOST, "payment.dispute_lost.v3"),
        (DisputePhase.EXPIRED, "payment.dispute_lost.v3"),
        (DisputePhase.WON, "payment.dispute_won.v3"),
    ],
)
async def test_one_from_before_disputes_had_streams_comes_to_its_end(
    court: Court, phase: DisputePhase, event: str
) -> None:
    payment_id = await court.shop.captured()
    command = OpenDispute(dispute_id=DISPUTE, amount=HUNDRED, reason="fraudulent")
    opened = open_dispute(await court.shop.payment(payment_id), command, BASIS, NOW)
    version = len(await court.shop.store.history(payment_id))
    recorded = record_all(payment_id, version, opened, merchant_id=MERCHANT, cause=CAUSE, now=NOW, updated_at=NOW)
    await court.shop.captured()
    assert_appended(await court.shop.store.append(Append(events=recorded)))
    assert isinstance(await court.hears(payment_id, phase, amount=None), Done)
    assert (await court.shop.events(payment_id))[-1] == event
    assert "held" not in await court.balances()
    assert isinstance(await court.hears(payment_id, DisputePhase.CHARGEBACK), Done)


@pytest.mark.parametrize(("result", "told"), [(DisputeResult.WON, Dead), (DisputeResult.LOST, Done)])
async def test_one_that_had_ended_before_disputes_had_streams_stays_as_it_ended(
    court: Court, result: DisputeResult, told: type
) -> None:
    payment_id, _other = await court.shop.captured(), await court.shop.captured()
    command = OpenDispute(dispute_id=DISPUTE, amount=HUNDRED, reason="fraudulent")
    closing = CloseDispute(dispute_id=DISPUTE, result=result)
    for closes in (False, True):
        payment = await court.shop.payment(payment_id)
        events = close_dispute(payment, closing, NOW) if closes else open_dispute(payment, command, BASIS, NOW)
        version = len(await court.shop.store.history(payment_id))
        recorded = record_all(payment_id, version, events, merchant_id=MERCHANT, cause=CAUSE, now=NOW, updated_at=NOW)
        assert_appended(await court.shop.store.append(Append(events=recorded)))
    before = await court.shop.events(payment_id)
    assert isinstance(await court.hears(payment_id, DisputePhase.LOST), told)
    assert await court.shop.events(payment_id) == before


@pytest.mark.parametrize("phase", list(DisputePhase))
async def test_the_same_told_twice_is_nothing_new(court: Court, phase: DisputePhase) -> None:
    payment_id = await court.disputed()
    await court.hears(payment_id, phase)
    events = await court.case_events()
    assert await court.hears(payment_id, phase) == Done("nothing new: the dispute dp_1 is on record")
    assert await court.case_events() == events


async def test_an_opening_that_comes_after_the_ruling_is_late(court: Court) -> None:
    payment_id = await court.disputed()
    await court.hears(payment_id, DisputePhase.LOST)
    for late in (DisputePhase.CHARGEBACK, DisputePhase.INQUIRY, DisputePhase.UNDER_REVIEW, DisputePhase.EXPIRED):
        assert await court.hears(payment_id, late) == Done("nothing new: the dispute dp_1 is on record")
    assert isinstance((await court.case()).dispute, Lost)


@pytest.mark.parametrize("end", [DisputePhase.LOST, DisputePhase.ACCEPTED, DisputePhase.EXPIRED])
async def test_won_after_it_was_lost_brings_the_money_back(court: Court, end: DisputePhase) -> None:
    payment_id = await court.disputed()
    before = await court.hears(payment_id, end)
    assert isinstance(before, Done)
    assert (await court.shop.events(payment_id))[-1] == "payment.dispute_lost.v3"
    assert await court.hears(payment_id, DisputePhase.WON) == Done("dispute.won.v1")
    assert (await court.shop.events(payment_id))[-1] == "payment.dispute_reversed.v2"
    assert isinstance((await court.case()).dispute, Won)
    assert isinstance(await court.hears(payment_id, DisputePhase.LOST), Dead)


async def test_a_chargeback_waits_for_a_refund_on_which_its_money_depends(court: Court) -> None:
    payment_id = await court.shop.captured()
    court.shop.provider.loses_answers = True
    await court.shop.payments.refund(payment_id, a_caller("key"), amount_minor=4_000, reason="requested_by_customer")
    assert isinstance(await court.shop.payment(payment_id), Refunding)
    assert isinstance(await court.hears(payment_id, DisputePhase.CHARGEBACK), Again)
    court.shop.provider.loses_answers = False
    await court.shop.settle_down()
    assert isinstance(await court.hears(payment_id, DisputePhase.CHARGEBACK), Done)
    assert (await opening_of(court, payment_id)).claim.amount == eur("60.00")


async def test_a_charge_of_which_nothing_was_taken_yet_is_asked_about_again(court: Court) -> None:
    payment_id = await court.shop.authorized()
    assert isinstance(await court.hears(payment_id, DisputePhase.CHARGEBACK), Again)


# evidence


async def test_a_file_is_kept_before_there_is_a_word_of_it(court: Court) -> None:
    await court.disputed()
    court.shop.flaky.fail_before = 1
    with pytest.raises(StoreUnavailable):
        await court.adds()
    assert (await court.case()).dispute.case.evidence == ()
    after = await court.adds()
    [evidence] = after.dispute.case.evidence
    assert await court.files.get(evidence.sha256) == b"It was delivered."
    assert (await court.adds()).version == after.version


async def test_a_file_is_examined_off_the_event_loop(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    await court.disputed()
    looked_at_in = set[int]()

    def examine(media_type: str, content: bytes) -> None:
        looked_at_in.add(threading.get_ident())

    monkeypatch.setattr(application.dispute.commands, "require_evidence", examine)
    await court.adds()
    assert looked_at_in
    assert threading.get_ident() not in looked_at_in


async def test_evidence_over_its_limits_is_refused(court: Court) -> None:
    await court.disputed()
    with pytest.raises(EvidenceTypeRefused):
        await court.adds(media_type="application/zip")
    with pytest.raises(EvidenceTooLarge):
        await court.adds(content=bytes(5 * 1024 * 1024 + 1))
    with pytest.raises(CardDataRefused):
        await court.adds(content=b"Her card is 4242 4242 4242 4242.")
    court.shop.now = NOW + timedelta(days=400)
    with pytest.raises(DisputeDeadlinePassed):
        await court.adds()


async def test_another_merchants_dispute_is_not_there(court: Court) -> None:
    await court.disputed()
    stranger = MerchantId("mer_other")
    for asked in (
        court.disputes.submit(CASE, merchant_id=stranger, cause=CAUSE),
        court.disputes.accept(CASE, merchant_id=stranger, cause=CAUSE),
        court.disputes.remove_evidence(CASE, "note.txt", merchant_id=stranger, cause=CAUSE),
    ):
        with pytest.raises(DisputeNotFound):
            await asked


# the second presentment


async def test_the_provider_is_asked_only_after_that_is_on_record(court: Court) -> None:
    await court.disputed()
    await court.adds()
    submitted = await court.submits()
    assert isinstance(submitted.dispute, UnderReview)
    assert court.desk.found == ["submitting"]
    [(_, [file])] = court.desk.submitted
    assert (file.name, file.content) == ("note.txt", b"It was delivered.")
    assert isinstance((await court.submits()).dispute, UnderReview)
    assert len(court.desk.submitted) == 1


async def test_a_submission_of_which_nobody_heard_is_made_again_under_its_id(court: Court) -> None:
    await court.disputed()
    await court.adds()
    court.desk.outcomes = [Unknown("no answer"), Unknown("no answer"), Approved("sub_1")]
    assert isinstance((await court.submits()).dispute, Submitting)
    await court.deadlines.sweep()
    assert isinstance((await court.case()).dispute, Submitting)
    await court.deadlines.sweep()
    assert isinstance((await court.case()).dispute, UnderReview)
    await court.deadlines.sweep()
    assert len({submission_id for submission_id, _ in court.desk.submitted}) == 1
    assert len(court.desk.submitted) == 3


async def test_a_submission_whose_answer_could_not_be_kept_is_made_again(court: Court) -> None:
    await court.disputed()
    await court.adds()
    court.shop.flaky.before_append = [lambda: None, lambda: setattr(court.shop.flaky, "fail_before", 1)]
    with pytest.raises(StoreUnavailable):
        await court.submits()
    assert isinstance((await court.case()).dispute, Submitting)
    await court.deadlines.sweep()
    assert isinstance((await court.case()).dispute, UnderReview)


async def test_a_submission_that_is_refused_can_be_made_again(court: Court) -> None:
    await court.disputed()
    await court.adds()
    court.desk.outcomes = [Rejected("unreadable", "The file cannot be read.")]
    refused = (await court.submits()).dispute
    assert isinstance(refused, NeedsResponse)
    assert refused.failure == "The file cannot be read."
    await court.adds("better.txt")
    assert isinstance((await court.submits()).dispute, UnderReview)
    first, second = (submission_id for submission_id, _ in court.desk.submitted)
    assert first != second


async def test_the_banks_word_may_overtake_the_answer_to_a_submission(court: Court) -> None:
    payment_id = await court.disputed()
    await court.adds()
    court.desk.outcomes = [Unknown("no answer")]
    await court.submits()
    assert await court.hears(payment_id, DisputePhase.WON) == Done("dispute.won.v1")
    await court.deadlines.sweep()
    assert isinstance((await court.case()).dispute, Won)
    assert len(court.desk.submitted) == 1


async def test_where_we_reach_no_desk_the_answer_is_given_at_the_provider(court: Court) -> None:
    payment_id = await court.disputed()
    court.use(limit_minor=0, desk=False)
    await court.adds()
    with pytest.raises(AnswerAtProvider):
        await court.submits()
    with pytest.raises(AnswerAtProvider):
        await court.accepts()
    assert await court.hears(payment_id, DisputePhase.UNDER_REVIEW) == Done("dispute.evidence_submitted.v1")


async def test_giving_in_is_on_record_before_the_provider_is_told_of_it(court: Court) -> None:
    payment_id = await court.disputed()
    court.desk.outcomes = [Unknown("no answer"), Approved("dp_1")]
    given = (await court.accepts()).dispute
    assert isinstance(given, Accepted)
    assert given.untold is not None
    assert court.desk.found == ["accepted"]
    taken = captured_funds_of(await court.shop.payment(payment_id))
    assert taken is not None
    assert taken.charged_back == HUNDRED
    await court.deadlines.sweep()
    await court.deadlines.sweep()
    assert len(court.desk.accepted) == 2
    assert len(set(court.desk.accepted)) == 1
    assert (await court.case_events())[-1] == "dispute.acceptance_answered.v1"
    with pytest.raises(DisputeClosed):
        await court.adds()


# time


async def test_what_nobody_answers_expires_once_however_many_workers_there_are(court: Court) -> None:
    payment_id = await court.disputed()
    await court.deadlines.sweep()
    assert isinstance((await court.case()).dispute, NeedsResponse)
    court.shop.now = (await court.case()).dispute.case.respond_by
    await asyncio.gather(*(court.deadlines.sweep() for _ in range(5)))
    assert await court.case_events() == ["dispute.opened.v1", "dispute.expired.v1"]
    assert (await court.shop.events(payment_id))[-1] == "payment.dispute_lost.v3"


async def test_what_was_answered_in_time_does_not_expire(court: Court) -> None:
    await court.disputed()
    await court.adds()
    await court.submits()
    court.shop.now = NOW + timedelta(days=400)
    await court.deadlines.sweep()
    assert isinstance((await court.case()).dispute, UnderReview)


async def opening_of(court: Court, payment_id: PaymentId) -> DisputeOpened:
    [opened] = [
        each.event.data
        for each in await court.shop.store.history(payment_id)
        if isinstance(each.event.data, DisputeOpened)
    ]
    return opened
