"""From the provider's word that a charge is disputed to the bank's ruling, on the whole running system."""

from typing import Any

from interfaces.runtime.supervisor import Stack
from tests.interfaces.disputes.conftest import Bank, Desk
from tests.support.running import eventually


async def balance(desk: Desk, payment: dict[str, Any]) -> dict[str, int]:
    head = await desk.get(f"/v1/payments/{payment['payment_id']}")
    seen = {"Tallystick-Position": head.headers["Tallystick-Position"]}
    reply = await desk.get("/v1/balances", headers=seen)
    assert reply.status == 200, reply
    [of_currency] = reply.json["balances"]
    return {name: minor for name, minor in of_currency.items() if isinstance(minor, int)}


async def comes_to_balance(desk: Desk, payment: dict[str, Any], **wanted: int) -> None:
    async def is_there() -> bool:
        has = await balance(desk, payment)
        return all(has[name] == minor for name, minor in wanted.items())

    await eventually(is_there, f"the balance is {wanted}", within_s=20)


async def charged(desk: Desk, amount: int = 10_000, token: str = "tok_visa") -> dict[str, Any]:
    paid = await desk.pay(amount, token=token)
    assert paid.status in (200, 201), paid
    return await desk.payment(paid.json["payment_id"])


async def test_a_disputed_charge_is_frozen_answered_and_won(desk: Desk, bank: Bank) -> None:
    payment = await charged(desk, token="tok_dispute")
    dispute = await desk.dispute_of(payment["payment_id"])
    dispute_id = dispute["dispute_id"]

    assert (dispute["kind"], dispute["status"], dispute["amount"]) == ("chargeback", "needs_response", 10_000)
    assert (dispute["reason"], dispute["network"]) == ("fraudulent", "visa")
    assert (await desk.payment(payment["payment_id"]))["status"] == "disputed"
    await comes_to_balance(desk, payment, held=10_000)

    added = await desk.adds(dispute_id, "receipt.txt", b"This is winning_evidence.")
    assert added.status == 200, added
    assert [each["name"] for each in added.json["evidence"]] == ["receipt.txt"]
    submitted = await desk.asks(dispute_id, "submit")
    assert (submitted.status, submitted.json["status"]) == (200, "under_review"), submitted

    await desk.comes_to(dispute_id, "won")
    await comes_to_balance(desk, payment, held=0)
    assert (await desk.payment(payment["payment_id"]))["status"] == "dispute_won"
    assert (await bank.books_line(payment))["charged_back"] == 0


async def test_a_disputed_charge_is_lost(desk: Desk, bank: Bank) -> None:
    payment = await charged(desk)
    before = await balance(desk, payment)
    await bank.disputes(payment, amount=4_000, reason="not_received")
    dispute = await desk.dispute_of(payment["payment_id"])
    await desk.adds(dispute["dispute_id"], "note.txt", b"losing_evidence, I am afraid")
    await desk.asks(dispute["dispute_id"], "submit")

    assert (await desk.comes_to(dispute["dispute_id"], "lost"))["reason"] == "not_received"
    await comes_to_balance(desk, payment, held=before["held"])
    after = await desk.payment(payment["payment_id"])
    assert (after["status"], after["amount_charged_back"], after["amount_refundable"]) == ("dispute_lost", 4_000, 6_000)
    assert (await bank.books_line(payment))["charged_back"] == 4_000


async def test_what_nobody_answers_expires(stack: Stack, desk: Desk, bank: Bank) -> None:
    payment = await charged(desk)
    await bank.disputes(payment, due_in_s=1)
    dispute = await desk.dispute_of(payment["payment_id"])
    await desk.comes_to(dispute["dispute_id"], "expired")
    assert (await desk.payment(payment["payment_id"]))["amount_charged_back"] == 10_000
    late = await desk.adds(dispute["dispute_id"], "late.txt", b"Too late.")
    assert (late.status, late.json["current_status"]) == (409, "expired")


async def test_a_bank_that_changes_its_mind_gives_the_money_back(desk: Desk, bank: Bank) -> None:
    payment = await charged(desk)
    before = await balance(desk, payment)
    name = await bank.disputes(payment)
    dispute = await desk.dispute_of(payment["payment_id"])
    accepted = await desk.asks(dispute["dispute_id"], "accept")
    assert (accepted.status, accepted.json["status"]) == (200, "accepted"), accepted
    assert (await bank.books_line(payment))["charged_back"] == 10_000
    await bank.rules(name, "won")
    await desk.comes_to(dispute["dispute_id"], "won")
    await comes_to_balance(desk, payment, **before)
    assert (await bank.books_line(payment))["charged_back"] == 0


async def test_an_inquiry_freezes_nothing_until_it_is_a_chargeback(desk: Desk, bank: Bank) -> None:
    payment = await charged(desk, token="tok_inquiry")
    before = await balance(desk, payment)
    dispute = await desk.dispute_of(payment["payment_id"])
    assert (dispute["kind"], dispute["status"]) == ("inquiry", "needs_response")
    assert (await desk.payment(payment["payment_id"]))["status"] == "captured"
    assert (await desk.asks(dispute["dispute_id"], "accept")).json["type"].endswith("inquiry_moved_no_money")
    assert await balance(desk, payment) == before

    await bank.escalates(dispute["provider_dispute_id"])

    async def is_escalated() -> bool:
        return bool((await desk.dispute(dispute["dispute_id"]))["kind"] == "chargeback")

    await eventually(is_escalated, "the inquiry is a chargeback")
    await comes_to_balance(desk, payment, held=before["held"] + 10_000)
