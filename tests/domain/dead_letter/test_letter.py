"""A dead letter is recorded once, retried or closed by somebody, and never ends twice."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.card_data import CardDataRefused
from domain.dead_letter.close import close
from domain.dead_letter.events import (
    DeadLetterClosed,
    DeadLetterEvent,
    DeadLetterKind,
    DeadLetterRecorded,
    DeadLetterResolved,
    DeadLetterRetried,
)
from domain.dead_letter.record import WITHHELD, record
from domain.dead_letter.refusals import CloseReasonMissing, DeadLetterEnded
from domain.dead_letter.resolve import resolve
from domain.dead_letter.retry import retry
from domain.dead_letter.state import (
    Closed,
    DeadLetter,
    DeadLetterState,
    DeadLetterSubject,
    Open,
    Resolved,
    Retrying,
    fold,
    letter_id_for,
    state_of,
)
from domain.identifiers import PaymentId, ProviderName
from domain.payment.events import PaymentEvent

MATTER = DeadLetterSubject(
    kind=DeadLetterKind.WEBHOOK,
    subject="0193-1",
    payment_id=PaymentId(UUID(int=1)),
    provider=ProviderName("northbank"),
    reason="no payment is known",
)
LETTERS: dict[DeadLetterState, DeadLetter] = {
    DeadLetterState.OPEN: Open(MATTER),
    DeadLetterState.RETRYING: Retrying(MATTER),
    DeadLetterState.RESOLVED: Resolved(MATTER, "settled"),
    DeadLetterState.CLOSED: Closed(MATTER, "a test of theirs"),
}
ENDED = (DeadLetterState.RESOLVED, DeadLetterState.CLOSED)
CARD_NUMBER = "4242 4242 4242 4242"

Verb = Callable[[DeadLetter | None], tuple[DeadLetterEvent, ...]]


def on_known(decide: Callable[[DeadLetter], tuple[DeadLetterEvent, ...]]) -> Verb:
    """Nobody can retry or close what was never recorded: the store is asked first."""
    return lambda letter: () if letter is None else decide(letter)


VERBS: dict[str, Verb] = {
    "record": lambda letter: record(letter, MATTER),
    "retry": on_known(retry),
    "resolve": lambda letter: resolve(letter, "settled"),
    "close": on_known(lambda letter: close(letter, "seen")),
}


def test_what_is_given_up_is_recorded_with_why() -> None:
    assert record(None, MATTER) == (
        DeadLetterRecorded(
            kind=MATTER.kind,
            subject=MATTER.subject,
            payment_id=MATTER.payment_id,
            provider=MATTER.provider,
            reason=MATTER.reason,
        ),
    )


def test_recording_an_open_one_again_is_no_event() -> None:
    assert record(Open(MATTER), MATTER) == ()


@pytest.mark.parametrize("state", [DeadLetterState.RETRYING, *ENDED])
def test_one_that_fails_again_is_open_again(state: DeadLetterState) -> None:
    assert fold(record(LETTERS[state], MATTER)) == Open(MATTER)


def test_a_recorded_reason_never_holds_a_card_number() -> None:
    matter = DeadLetterSubject(
        kind=DeadLetterKind.COMMAND, subject="1", payment_id=None, provider=None, reason=f"no: {CARD_NUMBER}"
    )
    assert fold(record(None, matter)) == Open(
        DeadLetterSubject(kind=DeadLetterKind.COMMAND, subject="1", payment_id=None, provider=None, reason=WITHHELD)
    )


@pytest.mark.parametrize("state", [DeadLetterState.OPEN, DeadLetterState.RETRYING])
def test_one_that_has_not_ended_can_be_retried_and_closed(state: DeadLetterState) -> None:
    assert retry(LETTERS[state]) == (DeadLetterRetried(),)
    assert close(LETTERS[state], " a test of theirs ") == (DeadLetterClosed(reason="a test of theirs"),)
    assert resolve(LETTERS[state], "settled") == (DeadLetterResolved(outcome="settled"),)


@pytest.mark.parametrize("state", ENDED)
def test_one_that_has_ended_can_be_neither(state: DeadLetterState) -> None:
    with pytest.raises(DeadLetterEnded) as retried:
        retry(LETTERS[state])
    with pytest.raises(DeadLetterEnded) as closed:
        close(LETTERS[state], "seen")
    assert (retried.value.verb, closed.value.verb) == ("retry", "close")
    assert retried.value.state == closed.value.state == state
    assert resolve(LETTERS[state], "settled") == ()


@pytest.mark.parametrize("reason", ["", "  "])
def test_nobody_closes_one_without_a_reason(reason: str) -> None:
    with pytest.raises(CloseReasonMissing):
        close(Open(MATTER), reason)


def test_a_reason_that_holds_a_card_number_is_refused() -> None:
    with pytest.raises(CardDataRefused):
        close(Open(MATTER), f"asked about {CARD_NUMBER}")


def test_what_was_never_given_up_is_not_resolved() -> None:
    assert resolve(None, "settled") == ()


def test_the_same_subject_is_the_same_letter_and_no_other_is() -> None:
    assert letter_id_for(DeadLetterKind.TIMER, "1") == letter_id_for(DeadLetterKind.TIMER, "1")
    assert letter_id_for(DeadLetterKind.TIMER, "1") != letter_id_for(DeadLetterKind.COMMAND, "1")
    assert letter_id_for(DeadLetterKind.TIMER, "1") != letter_id_for(DeadLetterKind.TIMER, "2")


def test_no_event_of_a_letter_is_taken_for_a_payments() -> None:
    assert not isinstance(DeadLetterRetried(), PaymentEvent)


@given(st.lists(st.sampled_from(sorted(VERBS)), max_size=20))
def test_whatever_is_asked_in_whatever_order_a_letter_ends_once_and_begins_again_only_by_being_recorded(
    asked: Sequence[str],
) -> None:
    history: list[DeadLetterEvent] = []
    for verb in asked:
        before = fold(history)
        try:
            events = VERBS[verb](before)
        except DeadLetterEnded:
            assert before is not None
            assert state_of(before) in ENDED
            continue
        after = fold([*history, *events])
        if before is None or state_of(before) in ENDED:
            assert all(isinstance(event, DeadLetterRecorded) for event in events)
        if before is not None and state_of(before) is DeadLetterState.OPEN and verb == "record":
            assert events == ()
        history += events
        assert fold(history) == after
        assert len(events) <= 1
    assert not history or isinstance(history[0], DeadLetterRecorded)
