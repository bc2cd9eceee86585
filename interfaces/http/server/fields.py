"""The types of members that several request bodies have."""

from typing import Annotated, Final

from msgspec import Meta

from domain.countries import COUNTRIES
from domain.money.currencies import DECIMALS
from domain.money.money import AMOUNT_MINOR_MAX

IdempotencyKeyField = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*$(?!\n)"
"""No control characters: Postgres keeps no NUL in JSON, so one would stop a read model. `$` alone also matches before a
last line break."""
Reason = Annotated[str, Meta(max_length=255, pattern=PRINTABLE)]
CUSTOMER_ID_PATTERN = r"^[\x21-\x7e]+$(?!\n)"
"""A shop's own name of a customer, in ASCII and without spaces: `shop/7`, `ada@example.org`, `a%2Fb?c=d&e#f`."""
Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX, description="In minor units of the currency", examples=[2500])]
Currency = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z]{3}$",
        description="ISO 4217 code",
        examples=["EUR"],
        extra_json_schema={"enum": sorted(DECIMALS)},
    ),
]

Country = Annotated[
    str, Meta(pattern=r"^[A-Z]{2}$(?!\n)", examples=["DE"], extra_json_schema={"enum": sorted(COUNTRIES)})
]
ReturnUrl = Annotated[
    str,
    Meta(
        max_length=1024,
        pattern=r"^https?://[\x21-\x7e]+$(?!\n)",
        description="Where the customer comes back to from a provider's page",
        examples=["https://shop.example/orders/42"],
    ),
]
