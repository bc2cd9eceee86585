"""No event that moves money is recorded without its journal entry, in the same append and right behind it."""

from collections.abc import Sequence
from itertools import count
from typing import cast
from uuid import UUID

import pytest

from application.write.recording import record_all
from domain.history import AnyEvent, Cause
from domain.ledger.entry import JournalEntryPosted, entry_id_for
from domain.ledger.rules import entry_for
from tests.domain.ledger.posting_examples import EXAMPLES, Example
from tests.support.domain import MERCHANT, NOW

STREAM = UUID(int=7)
CAUSE = Cause(actor="worker:test", request_id="req_1", trace_id="0" * 32)


@pytest.mark.parametrize("example", EXAMPLES, ids=[each.title for each in EXAMPLES])
def test_each_event_that_moves_money_is_followed_by_its_entry(example: Example) -> None:
    events = cast("Sequence[AnyEvent]", example.events)
    recorded = iter(record_all(STREAM, 0, events, merchant_id=MERCHANT, cause=CAUSE, now=NOW))
    for version, event in zip(count(1), events, strict=False):
        of_event = next(recorded)
        assert (of_event.originator_id, of_event.originator_version, of_event.data) == (STREAM, version, event)
        entry = entry_for(STREAM, version, event)
        assert isinstance(entry, JournalEntryPosted), "every example moves money"
        of_entry = next(recorded)
        assert (of_entry.originator_id, of_entry.data) == (entry_id_for(STREAM, version), entry)
        assert of_entry.causation_id == f"{STREAM}:{version}"
    assert not list(recorded)
