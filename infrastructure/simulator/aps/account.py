"""The one merchant account that the dialect knows, and the signatures it is spoken with."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Final, Self

from msgspec import Struct

MERCHANT_ENV: Final = "TALLYSTICK_SIMULATOR_APS_MERCHANT_IDENTIFIER"
ACCESS_CODE_ENV: Final = "TALLYSTICK_SIMULATOR_APS_ACCESS_CODE"
REQUEST_PHRASE_ENV: Final = "TALLYSTICK_SIMULATOR_APS_SHA_REQUEST_PHRASE"
RESPONSE_PHRASE_ENV: Final = "TALLYSTICK_SIMULATOR_APS_SHA_RESPONSE_PHRASE"


class Account(Struct, frozen=True, kw_only=True):
    """What a merchant finds in the back office under integration settings."""

    merchant_identifier: str = "SimMerchant"
    access_code: str = "SimAccessCode"
    request_phrase: str = "simulated-request-phrase"
    response_phrase: str = "simulated-response-phrase"

    @classmethod
    def of_environment(cls) -> Self:
        default = cls()
        return cls(
            merchant_identifier=os.environ.get(MERCHANT_ENV, default.merchant_identifier),
            access_code=os.environ.get(ACCESS_CODE_ENV, default.access_code),
            request_phrase=os.environ.get(REQUEST_PHRASE_ENV, default.request_phrase),
            response_phrase=os.environ.get(RESPONSE_PHRASE_ENV, default.response_phrase),
        )


def signed(parameters: Mapping[str, str], phrase: str) -> dict[str, str]:
    """`parameters` and their signature: phrase, sorted name=value pairs, phrase again, through SHA-256."""
    unsigned = {name: value for name, value in sorted(parameters.items()) if name != "signature"}
    text = phrase + "".join(f"{name}={value}" for name, value in unsigned.items()) + phrase
    return unsigned | {"signature": hashlib.sha256(text.encode()).hexdigest()}


def is_signed(parameters: Mapping[str, str], phrase: str) -> bool:
    """Whether the signature among `parameters` is theirs."""
    right = signed(parameters, phrase)["signature"]
    return hmac.compare_digest(parameters.get("signature", "").lower().encode(), right.encode())
