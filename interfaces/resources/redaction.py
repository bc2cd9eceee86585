"""What merchants see of events: all that is about their payment, and no figure that others' payments or our contracts
went into."""

from msgspec.structs import replace

from domain.history import AnyEvent
from domain.payment.events import PaymentRouted
from domain.routing.candidate import Candidate


def for_merchant(event: AnyEvent) -> AnyEvent:
    """The event as a merchant sees it: of a routing decision who was considered and why they were out, but not what
    they cost us and how they do with everybody's payments."""
    if not isinstance(event, PaymentRouted):
        return event
    # What is shown is named, so that a figure that is added later is not.
    named = tuple(Candidate(provider=candidate.provider, out=candidate.out) for candidate in event.candidates)
    return replace(event, candidates=named)
