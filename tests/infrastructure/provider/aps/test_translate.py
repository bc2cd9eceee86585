"""Our requests in APS's parameters and its answers in ours: pure, so tried without any server."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from application.provider.port import ProviderRequest
from domain.money.money import Money
from domain.payment.outcome import (
    DECLINE_CODES,
    ActionRequired,
    Approved,
    Declined,
    Outcome,
    Redirect,
    Rejected,
    Unknown,
)
from infrastructure.provider.aps.answer import Answer
from infrastructure.provider.aps.codes import REASONS
from infrastructure.provider.aps.lookup import looked_up
from infrastructure.provider.aps.translate import AlreadyAsked, asked, outcome, status_asked
from infrastructure.provider.minor_units import NotRepresentable
from tests.infrastructure.provider.aps.signed import (
    AUTHORIZE,
    CAPTURE,
    FORT_ID,
    OPERATION_ID,
    ORDER,
    PAYMENT_ID,
    PURCHASE,
    REFUND,
    REQUESTS,
    VOID,
    answer,
)

APPROVED = Approved(f"{FORT_ID}:{OPERATION_ID}")


def test_an_authorisation_is_an_order_named_after_the_attempt() -> None:
    assert asked(AUTHORIZE) == {
        "command": "AUTHORIZATION",
        "merchant_reference": str(OPERATION_ID),
        "merchant_extra": str(PAYMENT_ID),
        "token_name": "tok_visa",
        "customer_email": f"{PAYMENT_ID.hex}@customers.invalid",
        "amount": "10000",
        "currency": "AED",
        "language": "en",
    }
    with_page = replace(PURCHASE, return_url="https://shop.example/back")
    assert asked(with_page) == asked(AUTHORIZE) | {"command": "PURCHASE", "return_url": "https://shop.example/back"}


def test_what_follows_names_the_order_in_both_ways_and_itself_where_it_can() -> None:
    order = {"merchant_reference": ORDER, "fort_id": FORT_ID, "language": "en"}
    money = {"amount": "6000", "currency": "AED"}
    name = str(OPERATION_ID)
    assert asked(CAPTURE) == {"command": "CAPTURE", "order_description": name} | order | money
    assert asked(VOID) == {"command": "VOID_AUTHORIZATION", "order_description": name} | order
    assert asked(REFUND) == {"command": "REFUND", "maintenance_reference": name} | order | money


def test_a_lookup_asks_for_the_order() -> None:
    query = {"query_command": "CHECK_STATUS", "language": "en"}
    assert status_asked(AUTHORIZE) == query | {"merchant_reference": str(OPERATION_ID)}
    assert status_asked(REFUND) == query | {"merchant_reference": ORDER, "fort_id": FORT_ID}


@pytest.mark.parametrize(("minor", "currency"), [(500_00, "AED"), (100_000, "JOD"), (500, "JPY")])
def test_amounts_are_in_the_minor_units_of_iso_4217(minor: int, currency: str) -> None:
    assert asked(replace(CAPTURE, amount=Money(minor, currency)))["amount"] == str(minor)


def test_an_amount_of_more_digits_than_aps_has_is_not_asked_for() -> None:
    with pytest.raises(NotRepresentable):
        asked(replace(CAPTURE, amount=Money(10**10, "AED")))


@pytest.mark.parametrize(
    ("request_", "code"),
    [(AUTHORIZE, "02000"), (PURCHASE, "14000"), (CAPTURE, "04000"), (VOID, "08000"), (REFUND, "06000")],
)
def test_the_success_of_what_was_asked_is_an_approval_and_no_other_success_is(
    request_: ProviderRequest, code: str
) -> None:
    assert outcome(request_, answer(code)) == APPROVED
    for other in {"02000", "14000", "04000", "08000", "06000", "12000", "18000"} - {code}:
        assert isinstance(outcome(request_, answer(other)), Unknown)


@pytest.mark.parametrize("fort_id", ["", "abc", "1" * 21, "١"])
def test_a_success_without_an_order_is_unknown(fort_id: str) -> None:
    assert isinstance(outcome(AUTHORIZE, answer("02000", fort_id=fort_id)), Unknown)


def test_a_3_d_secure_check_sends_the_customer_to_its_address() -> None:
    challenge = answer("20064", **{"3ds_url": "https://acs.example/1"})
    assert outcome(PURCHASE, challenge) == ActionRequired(APPROVED.reference, Redirect("https://acs.example/1"))
    assert isinstance(outcome(PURCHASE, answer("20064")), Unknown)
    assert isinstance(outcome(PURCHASE, answer("20064", **{"3ds_url": "javascript:alert(1)"})), Unknown)
    assert isinstance(outcome(CAPTURE, challenge), Unknown)


@pytest.mark.parametrize(
    ("request_", "code", "meant"),
    [
        (AUTHORIZE, "03029", Declined("insufficient_funds", "why")),
        (PURCHASE, "13029", Declined("insufficient_funds", "why")),
        (PURCHASE, "13012", Declined("expired_card", "why")),
        (PURCHASE, "13030", Declined("authentication_failed", "why")),
        (PURCHASE, "13044", Declined("invalid_token", "why")),
        (PURCHASE, "13666", Declined("card_declined", "why")),
        (PURCHASE, "13785", Declined("fraud_suspected", "why")),
        (PURCHASE, "13006", Declined("processing_error", "why")),
        (PURCHASE, "13555", Declined("declined", "why")),
        (CAPTURE, "05666", Declined("capture_declined", "why")),
        (REFUND, "07666", Declined("refund_declined", "why")),
        (CAPTURE, "05042", Rejected("05042", "why")),
        (CAPTURE, "05036", Rejected("05036", "why")),
        (REFUND, "07048", Rejected("07048", "why")),
        (VOID, "09034", Rejected("09034", "why")),
        (PURCHASE, "00001", Rejected("00001", "why")),
        (PURCHASE, "00008", Rejected("00008", "why")),
        (PURCHASE, "00044", Rejected("00044", "why")),
        (PURCHASE, "00066", AlreadyAsked()),
        (REFUND, "07007", AlreadyAsked()),
    ],
)
def test_a_refusal_is_a_decline_or_our_own_fault(
    request_: ProviderRequest, code: str, meant: Outcome | AlreadyAsked
) -> None:
    assert outcome(request_, answer(code)) == meant


@pytest.mark.parametrize(
    "code",
    ["00006", "00000", "00", "", "10000", "13777", "13784", "15777", "19000", "20065", "40090", "13000", "99036"],
)
def test_what_decides_nothing_is_unknown(code: str) -> None:
    assert isinstance(outcome(PURCHASE, answer(code)), Unknown)


def test_every_reason_is_one_that_the_core_knows() -> None:
    assert set(REASONS.values()) <= DECLINE_CODES


def status(code: str, *, authorized: int = 0, captured: int = 0, refunded: int = 0) -> Answer:
    """An order whose last operation came to `code`, with its totals."""
    return answer(
        "12000",
        transaction_status=code[:2],
        transaction_code=code,
        transaction_message="why",
        authorized_amount=str(authorized),
        captured_amount=str(captured),
        refunded_amount=str(refunded),
    )


@pytest.mark.parametrize(
    ("request_", "said", "meant"),
    [
        (AUTHORIZE, status("02000"), APPROVED),
        (AUTHORIZE, status("04000"), APPROVED),
        (AUTHORIZE, status("08000"), APPROVED),
        (AUTHORIZE, status("03029"), Declined("insufficient_funds", "why")),
        (PURCHASE, status("14000"), APPROVED),
        (PURCHASE, status("06000"), APPROVED),
        (PURCHASE, status("13666"), Declined("card_declined", "why")),
        (VOID, status("08000"), APPROVED),
        (VOID, status("02000"), None),
        (CAPTURE, status("04000", authorized=10_000, captured=6_000), APPROVED),
        (CAPTURE, status("06000", authorized=6_000, captured=6_000, refunded=1), APPROVED),
        (REFUND, status("06000", captured=10_000, refunded=6_000), APPROVED),
        (AUTHORIZE, answer("11036"), None),
        (CAPTURE, answer("00036"), None),
    ],
)
def test_a_lookup_tells_what_the_order_can_only_mean_in_one_way(
    request_: ProviderRequest, said: Answer, meant: Outcome | None
) -> None:
    told = looked_up(request_, said)
    assert (None if told is None else told.outcome) == meant


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (AUTHORIZE, status("14000")),
        (AUTHORIZE, status("20064")),
        (PURCHASE, status("02000")),
        (PURCHASE, status("15777")),
        (PURCHASE, status("13777")),
        (VOID, status("04000")),
        (CAPTURE, status("02000", authorized=10_000)),
        (CAPTURE, status("04000", authorized=12_000, captured=6_000)),
        (CAPTURE, answer("12000", transaction_status="04")),
        (REFUND, status("06000", captured=12_000, refunded=6_000)),
        (REFUND, answer("12000", transaction_status="06")),
        (AUTHORIZE, answer("12036")),
        (AUTHORIZE, answer("11006")),
        (AUTHORIZE, answer("00008")),
        (AUTHORIZE, answer("13036")),
        (AUTHORIZE, Answer({})),
    ],
)
def test_a_lookup_leaves_open_what_could_be_so_or_otherwise(request_: ProviderRequest, said: Answer) -> None:
    told = looked_up(request_, said)
    assert told is not None
    assert isinstance(told.outcome, Unknown)


names = st.sampled_from(["response_code", "fort_id", "transaction_status", "transaction_code", "captured_amount"])
values = st.text(max_size=6) | st.sampled_from(["02000", "12000", "03029", "04", "6000", FORT_ID, "9" * 5_000])


@given(st.sampled_from(REQUESTS), st.dictionaries(names, values))
def test_any_signed_answer_at_all_has_some_meaning(request_: ProviderRequest, said: dict[str, str]) -> None:
    assert isinstance(outcome(request_, Answer(said)), (*get_args(Outcome), AlreadyAsked))
    told = looked_up(request_, Answer(said))
    assert told is None or isinstance(told.outcome, get_args(Outcome))
