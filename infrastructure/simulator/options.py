"""What one provider of several is started with; its server's worker reads it from the environment it inherits."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

PREFIX: Final = "TALLYSTICK_SIMULATOR_"


class Options(Struct, frozen=True, kw_only=True):
    """`public_url` is where customers reach its pages. Without a `webhook_url` it tells nobody anything.

    `slow_s` is how long a slow token takes; `customer_acts_after_s` how long a customer who acts by itself does;
    `bank_reports_after_s` how long the bank takes to say what became of a payment.
    """

    name: str = "simulator"
    dialect: str = "simulator"
    data: str = ""
    public_url: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""
    slow_s: float = 1.5
    customer_acts_after_s: float = 0.5
    bank_reports_after_s: float = 0.5


DEFAULTS: Final = Options()


def from_environment(environment: Mapping[str, str]) -> Options:
    """Raises msgspec.ValidationError."""
    given = {name: environment[variable] for name, variable in _variables().items() if variable in environment}
    return msgspec.convert(given, Options, strict=False)


def to_environment(options: Options) -> dict[str, str]:
    """The variables from which `from_environment` makes `options` again."""
    return {variable: str(getattr(options, name)) for name, variable in _variables().items()}


def _variables() -> dict[str, str]:
    return {name: PREFIX + name.upper() for name in Options.__struct_fields__}
