"""The APS dialect knows one merchant account and signs with its phrases."""

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
    """The values that a merchant finds in the APS back office under integration settings."""

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
    """`parameters` with their signature: the SHA-256 of phrase, sorted name=value pairs, and phrase again."""
    unsigned = {name: value for name, value in sorted(parameters.items()) if name != "signature"}
    text = phrase + "".join(f"{name}={value}" for name, value in unsigned.items()) + phrase
    return unsigned | {"signature": hashlib.sha256(text.encode()).hexdigest()}


def is_signed(parameters: Mapping[str, str], phrase: str) -> bool:
    """Whether `parameters` contain their own valid signature."""
    right = signed(parameters, phrase)["signature"]
    return hmac.compare_digest(parameters.get("signature", "").lower().encode(), right.encode())
