"""The events of routing policies, of which each has a number and one is active at a time."""

from domain.event import Event


class RoutingPolicyAdded(Event, frozen=True, kw_only=True, tag="routing_policy.added.v1"):
    """`number` counts from 1, whatever the name; `document` is the operator's text, to the last byte."""

    number: int
    name: str
    document: str


class RoutingPolicyActivated(Event, frozen=True, kw_only=True, tag="routing_policy.activated.v1"):
    number: int


RoutingPolicyEvent = RoutingPolicyAdded | RoutingPolicyActivated
