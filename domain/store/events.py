"""The events of a store as a whole, whose released names never change: a change is a new version."""

from datetime import datetime

from domain.event import Event


class StoreReopened(Event, frozen=True, kw_only=True, tag="store.reopened.v1"):
    """A restored store takes payments again: providers and banks were asked for the events from `since` until `until`.

    Of the entries that they listed, so many were `known` already, were `adopted`, are `waiting` for the retry of their
    request, or were left `unexplained` for the reason `accepted_because`, which is None where there were none.
    """

    closed_because: str
    since: datetime
    until: datetime
    asked: tuple[str, ...]
    known: int
    adopted: int
    waiting: int
    unexplained: int
    accepted_because: str | None


StoreEvent = StoreReopened
