"""An answer that does not fit what was asked decides nothing: an operator is told, and asking goes on."""

import pytest

from application.payment import recovery as recovery_module
from application.payment.partial_approval import give_up_part
from application.provider.port import AuthorizeRequest, ProviderRequest
from domain.payment.events import CaptureMethod
from domain.payment.outcome import ApprovedInPart, Declined, Mismatched, Outcome, Unknown
from domain.payment.state import Authorized, Captured, Failed, InFlight, Processing
from tests.application.shop import Shop, a_caller, payment_id_of
from tests.support.domain import ATTEMPT, CARD, FORTY, HUNDRED, PAYMENT
from tests.support.provider import Fate, ScriptedProvider

REPORTED = "payment.contradiction_reported.v1"
MISMATCH = Mismatched("we asked for 100.00 EUR; the provider speaks of 1.00 EUR")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked up in the background, so that the test decides when."""
    monkeypatch.setattr(recovery_module, "FIRST_DELAY_S", 3600.0)


async def test_an_answer_that_does_not_fit_leaves_the_payment_open_and_is_reported_once(shop: Shop) -> None:
    shop.provider.mismatch = MISMATCH
    payment_id = payment_id_of(await shop.create())
    for _ in range(3):
        await shop.recovery.sweep(older_than_s=0)
    assert isinstance(await shop.payment(payment_id), Processing)
    assert (await shop.events(payment_id)).count(REPORTED) == 1
    [letter] = shop.letters.told
    assert (letter.payment_id, letter.reason) == (payment_id, MISMATCH.reason)
    shop.provider.mismatch = None
    await shop.settle_down()
    assert isinstance(await shop.payment(payment_id), Authorized)
    assert len(shop.provider.asked) == 1


@pytest.mark.parametrize("verb", ["capture", "void", "refund"])
async def test_so_does_one_to_what_follows_an_authorisation(shop: Shop, verb: str) -> None:
    payment_id = await (shop.captured() if verb == "refund" else shop.authorized())
    shop.provider.mismatch = MISMATCH
    match verb:
        case "capture":
            await shop.payments.capture(payment_id, a_caller(), amount_minor=None, final=True)
        case "void":
            await shop.payments.void(payment_id, a_caller())
        case _:
            await shop.payments.refund(payment_id, a_caller(), amount_minor=None, reason="requested_by_customer")
    assert isinstance(await shop.payment(payment_id), InFlight)
    assert REPORTED in await shop.events(payment_id)
    assert [letter.reason for letter in shop.letters.told] == [MISMATCH.reason]


@pytest.mark.parametrize("method", CaptureMethod)
async def test_what_is_approved_in_part_is_given_up_at_the_provider_and_reported(
    shop: Shop, method: CaptureMethod
) -> None:
    shop.provider.approves_only = FORTY
    payment_id = payment_id_of(await shop.create(method=method))
    failed = await shop.payment(payment_id)
    assert isinstance(failed, Failed)
    assert failed.code == "partially_approved"
    assert shop.provider.taken_minor == 0
    assert REPORTED in await shop.events(payment_id)
    assert [letter.payment_id for letter in shop.letters.told] == [payment_id]
    await shop.assert_books_hold()


@pytest.mark.parametrize("method", CaptureMethod)
async def test_a_part_that_a_look_up_knows_nothing_of_is_not_given_up(shop: Shop, method: CaptureMethod) -> None:
    """Else the rest of what was really taken would stay taken."""
    taken = method is CaptureMethod.AUTOMATIC
    shop.provider.misreported = ApprovedInPart("40 of 100", reference="its-charge", amount=FORTY, taken=taken)
    payment = await shop.payment(payment_id_of(await shop.create(method=method)))
    assert isinstance(payment, Captured if taken else Authorized)
    assert payment.authorization.amount == HUNDRED
    assert [letter.reason for letter in shop.letters.told] == ["40 of 100"]
    await shop.assert_books_hold()


class _Knowing(ScriptedProvider):
    """Says the same at every look-up."""

    def __init__(self, found: Outcome | None) -> None:
        super().__init__()
        self._found = found

    async def lookup(self, request: ProviderRequest) -> Outcome | None:
        return self._found


@pytest.mark.parametrize("other", [Declined("card_declined", "No."), Unknown("HTTP status 500"), None])
async def test_nor_is_one_that_a_look_up_denies_or_says_nothing_of(shop: Shop, other: Outcome | None) -> None:
    part = ApprovedInPart("40 of 100", reference="its-charge", amount=FORTY, taken=False)
    request = AuthorizeRequest(operation_id=ATTEMPT, payment_id=PAYMENT, amount=HUNDRED, method=CARD, capture=False)
    provider = _Knowing(other)
    assert isinstance(await give_up_part(provider, request, part), Mismatched)
    assert provider.asked == []


@pytest.mark.parametrize("method", CaptureMethod)
async def test_it_is_unresolved_until_that_is_known(shop: Shop, method: CaptureMethod) -> None:
    """The release is asked for under one id, however often its answer is lost."""
    shop.provider.approves_only = FORTY
    shop.provider.fates.extend([Fate.ANSWERED, Fate.ANSWER_LOST, Fate.LOST])
    payment_id = payment_id_of(await shop.create(method=method))
    assert isinstance(await shop.payment(payment_id), Processing)
    await shop.recovery.sweep(older_than_s=0)
    assert isinstance(await shop.payment(payment_id), Processing)
    await shop.recovery.sweep(older_than_s=0)
    assert isinstance(await shop.payment(payment_id), Failed)
    _, *releases = [request.operation_id for request in shop.provider.asked]
    assert len(releases) == 3
    assert len(set(releases)) == 1
    assert shop.provider.taken_minor == 0


async def test_where_a_provider_does_that_the_payment_is_authorised_for_the_part(shop: Shop) -> None:
    shop.provider.approves_only = FORTY
    shop.provider.partial_approvals = True
    payment_id = payment_id_of(await shop.create())
    authorized = await shop.payment(payment_id)
    assert isinstance(authorized, Authorized)
    assert (authorized.capturable, authorized.terms.amount) == (FORTY, HUNDRED)
    await shop.payments.capture(payment_id, a_caller(), amount_minor=None, final=True)
    captured = await shop.payment(payment_id)
    assert isinstance(captured, Captured)
    assert captured.taken.captured == FORTY
    assert shop.letters.told == []
    await shop.assert_books_hold()


async def test_and_captured_for_it_where_that_is_to_be_at_once(shop: Shop) -> None:
    shop.provider.approves_only = FORTY
    shop.provider.partial_approvals = True
    captured = await shop.payment(await shop.captured())
    assert isinstance(captured, Captured)
    assert captured.taken.captured == FORTY
    await shop.assert_books_hold()
