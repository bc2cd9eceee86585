"""Events as merchants see them: without figures that come from other merchants' payments or from our contracts."""

from msgspec.structs import replace

from domain.history import AnyEvent
from domain.payment.events import PaymentRouted
from domain.routing.candidate import Candidate


def for_merchant(event: AnyEvent) -> AnyEvent:
    """The event as a merchant sees it: a routing decision shows the candidates and the reasons against them, not
    their costs and recent figures."""
    if not isinstance(event, PaymentRouted):
        return event
    # The shown fields are named, so that a figure added later is not shown.
    named = tuple(Candidate(provider=candidate.provider, out=candidate.out) for candidate in event.candidates)
    return replace(event, candidates=named)
