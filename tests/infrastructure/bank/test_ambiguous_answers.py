"""What a bank or a dispute department says twice, it does not say: nothing is known after such an answer."""

from contextlib import aclosing
from typing import Any

import pytest

from application.payout.bank_port import BankSilent, BankUnavailable
from domain.payment.outcome import Unknown
from infrastructure.bank.simulated import SimulatedBank
from infrastructure.provider.http import Answer, HttpCalls
from infrastructure.provider.simulator.dispute_api import outcome
from tests.infrastructure.bank.batches import OURS, instruction
from tests.infrastructure.bank.contract import written


async def test_an_answer_of_the_bank_with_a_member_twice_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        Answer(200, b'{"reference":"a","reference":"b"}'),
        Answer(422, b'{"error":{"code":"a","message":"b","message":"c"}}'),
        Answer(200, b'{"reports":[],"reports":[]}'),
    ]

    async def answered(*_: Any, **__: Any) -> Answer:
        return answers.pop(0)

    monkeypatch.setattr(HttpCalls, "send", answered)
    monkeypatch.setattr(HttpCalls, "look", answered)
    async with aclosing(SimulatedBank("http://127.0.0.1:1/bank", OURS)) as bank:
        file, message_id = written(bank, instruction())
        assert isinstance(await bank.submit(file, message_id), BankUnavailable)
        assert isinstance(await bank.submit(file, message_id), BankUnavailable)
        with pytest.raises(BankSilent):
            await bank.reports(None)


def test_an_answer_of_the_dispute_department_with_a_member_twice_is_unknown() -> None:
    assert isinstance(outcome(Answer(200, b'{"id":"a","id":"b"}')), Unknown)
    assert isinstance(outcome(Answer(400, b'{"error":{"code":"a","code":"b","message":"c"}}')), Unknown)
