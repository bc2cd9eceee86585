"""An append that the store refuses is never taken for success, nor for another command's: the caller is told."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from application.dead_letter.commands import DeadLetters
from application.fx.commands import FxRates
from application.payout.bank_accounts import BankAccounts
from application.routing.commands import RoutingPolicies
from application.terms.commands import TermsCommands
from application.write.caller import Caller
from application.write.store import Append, AppendResult, KeyUsed, LimitBroken, StoredClaim, Verb
from domain.bank_account.add import AddBankAccount, add
from domain.dead_letter.events import DeadLetterKind
from domain.history import Cause, Positioned, record
from domain.identifiers import BankAccountId, MerchantId, OperationId
from domain.terms.events import TermsKind
from infrastructure.bank.account_check import account_fault
from infrastructure.rules.faults import fault_of
from tests.support.rates import DAILY_XML, LATER, OPERATOR_TEXT
from tests.support.routing import POLICY_TEXT, PROVIDERS
from tests.support.terms import TEXTS
from tests.support.treasury import IBAN

ANNA = Cause(actor="operator:anna", request_id="req_1", trace_id="0" * 32)
ACME = MerchantId("mer_acme")
WHEN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BROKEN = LimitBroken(account="merchant:mer_acme:available", currency="EUR")
USED = KeyUsed(
    StoredClaim(
        operation_id=OperationId(uuid4()),
        subject_id=uuid4(),
        verb=Verb.CREATE,
        fingerprint=b"",
        answer=None,
        position=None,
    )
)


class RefusingStore:
    """A store with one bank account, which refuses every append."""

    def __init__(self, refusal: LimitBroken | KeyUsed) -> None:
        self._refusal = refusal
        self.account_id = BankAccountId(uuid4())
        command = AddBankAccount(merchant_id=ACME, holder_name="Acme", currency="EUR", country="DE", details=IBAN)
        event = record(self.account_id, 1, add(command, account_fault), merchant_id=ACME, cause=ANNA, recorded_at=WHEN)
        self._account = [Positioned(1, event)]

    async def append(self, append: Append) -> AppendResult:
        return self._refusal

    async def history(self, stream_id: UUID) -> Sequence[Positioned]:
        return self._account if stream_id == self.account_id else ()

    async def history_after(self, stream_id: UUID, version: int) -> Sequence[Positioned]:
        return ()


async def a_version_of_the_terms(store: RefusingStore) -> object:
    return await TermsCommands(store, now=lambda: WHEN).add(TermsKind.FEES, TEXTS[TermsKind.FEES], ANNA)


async def a_routing_policy(store: RefusingStore) -> object:
    policies = RoutingPolicies(store, providers=PROVIDERS, fault_of=fault_of, now=lambda: WHEN)
    return await policies.add(POLICY_TEXT, ANNA)


async def an_operators_rates(store: RefusingStore) -> object:
    return await FxRates(store, now=lambda: LATER).publish(OPERATOR_TEXT, ANNA)


async def a_file_of_rates(store: RefusingStore) -> object:
    return await FxRates(store, now=lambda: LATER).import_ecb(DAILY_XML, ANNA)


async def a_dead_letter(store: RefusingStore) -> object:
    letters = DeadLetters(store=store, retriers={}, now=lambda: WHEN)  # type: ignore[arg-type]
    await letters.record(
        kind=DeadLetterKind.COMMAND,
        subject="op_1",
        merchant_id=ACME,
        payment_id=None,
        provider=None,
        reason="lost",
        cause=ANNA,
    )
    return "recorded"


async def the_removal_of_a_bank_account(store: RefusingStore) -> object:
    accounts = BankAccounts(store=store, check=account_fault, now=lambda: WHEN, new_id=uuid4)  # type: ignore[arg-type]
    caller = Caller(merchant_id=ACME, cause=ANNA, key=None, fingerprint=b"")
    return await accounts.remove(store.account_id, caller)


COMMANDS: Sequence[Callable[[RefusingStore], Awaitable[object]]] = (
    a_version_of_the_terms,
    a_routing_policy,
    an_operators_rates,
    a_file_of_rates,
    a_dead_letter,
    the_removal_of_a_bank_account,
)


@pytest.mark.parametrize("refusal", [BROKEN, USED], ids=["limit broken", "key used"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
async def test_a_refused_append_is_no_success_and_no_conflict(
    command: Callable[[RefusingStore], Awaitable[object]], refusal: LimitBroken | KeyUsed
) -> None:
    with pytest.raises(AssertionError):
        await command(RefusingStore(refusal))
