"""Every event has a stored name of its own: what it is about, what happened, and a version."""

import re
from typing import get_args

import pytest

from domain.event import Event, name_of
from domain.history import AnyEvent
from domain.ledger.superseded import JournalEntryPostedV1
from domain.payment.superseded import SupersededEvent
from tests.support.domain import created

EVENT_TYPES: tuple[type[Event], ...] = get_args(AnyEvent)
RELEASED_TYPES: tuple[type[Event], ...] = (*EVENT_TYPES, *get_args(SupersededEvent), JournalEntryPostedV1)


@pytest.mark.parametrize("event", RELEASED_TYPES)
def test_an_event_is_stored_under_a_name_and_a_version(event: type[Event]) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+\.v[1-9][0-9]*", name_of(event))


def test_no_two_events_share_a_name() -> None:
    assert len({name_of(event) for event in RELEASED_TYPES}) == len(RELEASED_TYPES)


def test_every_event_class_is_one_that_is_stored_or_was() -> None:
    declared = {event for event in Event.__subclasses__() if event.__module__.startswith("domain.")}
    assert declared == set(RELEASED_TYPES)


def test_an_event_is_named_as_its_class_is() -> None:
    (event,) = created()
    assert name_of(event) == name_of(type(event)) == "payment.created.v2"
