"""Everything that can go wrong on the way to the simulator, at once, and a caller who does not give up."""

from application.provider.port import AuthorizeRequest, CaptureRequest, Provider
from domain.payment.outcome import Outcome, Unavailable, Unknown
from tests.infrastructure.simulator.api import Api

PAYMENTS = 60


async def everything_goes_wrong(api: Api) -> None:
    await api.set_faults(
        seed=11,
        down_for_s=0.3,
        error_5xx_percent=20,
        lost_answer_percent=10,
        slow_percent=20,
        slow_s=0.05,
        decline_percent=20,
    )


async def resolved(provider: Provider, request: AuthorizeRequest | CaptureRequest) -> Outcome:
    """Asked for once, looked up for as long as it is unknown, and asked for again only when the provider never saw it,
    or was not reached: a busy machine connects too late."""
    outcome: Outcome | None = await _ask(provider, request)
    while outcome is None or isinstance(outcome, Unknown | Unavailable):
        outcome = await (provider.lookup(request) if isinstance(outcome, Unknown) else _ask(provider, request))
    return outcome


async def _ask(provider: Provider, request: AuthorizeRequest | CaptureRequest) -> Outcome:
    return await (provider.capture(request) if isinstance(request, CaptureRequest) else provider.authorize(request))
