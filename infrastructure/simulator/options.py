"""Each simulated provider starts with options, which its server's worker reads from the inherited environment."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

PREFIX: Final = "TALLYSTICK_SIMULATOR_"


class Options(Struct, frozen=True, kw_only=True):
    """The options of one provider.

    `public_url` is the address of its pages for customers. Without a `webhook_url` no notice is sent. `slow_s` is the
    delay of a slow token; `customer_acts_after_s` is the delay of a customer who acts without a command;
    `bank_reports_after_s` is the delay of the bank's report about a payment.
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
    """The options in the environment. Raises msgspec.ValidationError."""
    given = {name: environment[variable] for name, variable in _variables().items() if variable in environment}
    return msgspec.convert(given, Options, strict=False)


def to_environment(options: Options) -> dict[str, str]:
    """The variables from which `from_environment` rebuilds `options`."""
    return {variable: str(getattr(options, name)) for name, variable in _variables().items()}


def _variables() -> dict[str, str]:
    return {name: PREFIX + name.upper() for name in Options.__struct_fields__}
