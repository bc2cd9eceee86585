"""What happens to routing policies: they are added, each under a number, and one of them is active at a time."""

from domain.event import Event


class RoutingPolicyAdded(Event, frozen=True, kw_only=True, tag="routing_policy.added.v1"):
    """`number` counts from 1, whatever the name; `document` is the text that the operator gave, to the last byte."""

    number: int
    name: str
    document: str


class RoutingPolicyActivated(Event, frozen=True, kw_only=True, tag="routing_policy.activated.v1"):
    number: int


RoutingPolicyEvent = RoutingPolicyAdded | RoutingPolicyActivated
