"""One promise that is broken, whichever it is, and the demonstration has failed; its last line says which."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from interfaces.demo.book_checkers import Checked
from interfaces.demo.checks import Verdict
from interfaces.demo.dispute import Disputed
from interfaces.demo.incidents import Incident
from interfaces.demo.money import MoneyMoved
from interfaces.demo.outcome import Outcome, last_line
from interfaces.demo.payout import PaidOut
from interfaces.demo.report import Figures
from interfaces.demo.seller import Balance
from projections.verification import Replay

NOTHING = Balance(currency="EUR")
DISPUTED = Disputed(
    payment_id="pay_1",
    dispute_id="dp_1",
    amount_minor=90_00,
    currency="USD",
    event_names=("dispute.opened",),
    before=NOTHING,
    frozen=NOTHING,
    after=NOTHING,
    holds=True,
)
PAID_OUT = PaidOut(
    refusal="Less than 438.84 EUR is available to be paid out.",
    payout_id="po_1",
    amount_minor=200_00,
    event_names=("payout.created",),
    during=NOTHING,
    after=NOTHING,
    holds=True,
)
MONEY = MoneyMoved(rates="ecb:1", agreed=[], steps=[], payout=PAID_OUT, won=DISPUTED, lost=DISPUTED, converted=True)
ACCEPTED = Checked(program="bean-check", accepted=True, said="")
HELD = Outcome(
    figures=Figures(payments=2, duplicates_sent=1, duplicates_differing=0, seconds=1.0, confirm_ms=[5.0, 7.0]),
    verdict=Verdict(
        replay=Replay(),
        unresolved=0,
        double_charges=0,
        views_equal_replay=True,
        provider_books_equal=True,
        lag_events=0,
        differences=[],
    ),
    incidents=[Incident(name="fallback", payment_id="pay_1", event_names=(), holds=True)],
    money=MONEY,
    programs=[ACCEPTED],
)

BROKEN: dict[str, Any] = {
    "paid_out": replace(MONEY, payout=replace(PAID_OUT, holds=False)),
    "dispute_won": replace(MONEY, won=replace(DISPUTED, holds=False)),
    "dispute_lost": replace(MONEY, lost=replace(DISPUTED, holds=False)),
    "converted": replace(MONEY, converted=False),
    "bank_books_equal": replace(MONEY, bank_differences=["the bank does not have it"]),
}


def told(outcome: Outcome) -> dict[str, Any]:
    line = last_line(outcome)
    assert "\n" not in line
    decoded: dict[str, Any] = msgspec.json.decode(line)
    return decoded


def test_where_all_holds_every_promise_is_true() -> None:
    assert HELD.holds
    assert HELD.faults == []
    assert told(HELD)["money"] == dict.fromkeys(BROKEN, True)
    assert told(HELD)["books_checked_by"] == ["bean-check"]


@pytest.mark.parametrize("promise", BROKEN)
def test_one_promise_of_the_money_is_broken(promise: str) -> None:
    outcome = replace(HELD, money=BROKEN[promise])
    assert not outcome.holds
    assert told(outcome)["money"] == {name: name != promise for name in BROKEN}


def test_a_program_that_refuses_the_books_is_a_fault_and_one_that_is_absent_is_none() -> None:
    refused = replace(ACCEPTED, program="hledger", accepted=False, said="line 7 does not balance")
    outcome = replace(HELD, programs=[ACCEPTED, refused])
    assert not outcome.holds
    assert outcome.faults == ["hledger refused the books: line 7 does not balance"]
    assert told(outcome)["books_checked_by"] == ["bean-check"]
    assert replace(HELD, programs=[]).holds
    assert told(replace(HELD, programs=[]))["books_checked_by"] == []


@pytest.mark.parametrize(
    "broken",
    [
        replace(HELD, figures=replace(HELD.figures, duplicates_differing=1)),
        replace(HELD, verdict=replace(HELD.verdict, unresolved=1)),
        replace(HELD, verdict=replace(HELD.verdict, provider_books_equal=False)),
        replace(HELD, incidents=[replace(HELD.incidents[0], holds=False)]),
    ],
)
def test_what_was_promised_before_still_counts(broken: Outcome) -> None:
    assert not broken.holds
