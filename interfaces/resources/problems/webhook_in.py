"""The problems of providers' webhooks."""

from typing import Final

from application.webhook_in.intake import DeliveryNotSigned, DeliveryStale, ProviderUnknown
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(
        ProviderUnknown, 404, "provider_unknown", "No such provider", "We have no account at a provider of that name."
    ),
    problem(
        DeliveryNotSigned,
        401,
        "delivery_not_signed",
        "The provider's signature is not there",
        "The body is not signed with the secret that we share with this provider.",
    ),
    problem(
        DeliveryStale,
        401,
        "delivery_stale",
        "The provider's signature is too old",
        "The delivery was not signed just now: it may be a recording of an earlier one.",
    ),
)
