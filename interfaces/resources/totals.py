"""Sums of money in replies: whole numbers of up to 64 bits, exact to the last digit."""

from typing import Annotated

from msgspec import Meta

Total = Annotated[
    int,
    Meta(
        description="A sum in minor units: a whole number of up to 64 bits, which is more than a double holds exactly",
        extra_json_schema={"format": "int64"},
    ),
]
"""A single amount is at most 2^53, which every program reads exactly. A sum of them can be more, and a program that
reads JSON numbers as doubles (JavaScript's `JSON.parse`) would round it: `format: int64` tells it, and generators of
clients, not to."""
