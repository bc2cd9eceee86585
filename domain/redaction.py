"""Secrets never leave in a log line or a reply, whichever way they came into a text: this is the one place that knows
what a secret looks like, and what is safe to quote of what somebody sent."""

import re
import string
from functools import lru_cache
from typing import Final

from domain.card_data import holds_card_number

REDACTED: Final = "[redacted]"
_SECRET_NAME: Final = re.compile(
    r"authorization|secret|passw(?:or)?d|passphrase|_phrase|api_?key|access_(?:code|key)|signing_?key|private_?key"
    r"|credential|token$|card|cvc|cvv|pan$|iban|account_number",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(
    r"""
      \b(?:tsk|tso|whsec|sk|rk)_[A-Za-z0-9+/=_-]++       # ours, webhooks' (Standard Webhooks, Stripe), providers'
    | \b[a-z]{1,16}_[A-Za-z0-9]{1,64}_secret_[A-Za-z0-9]++   # a payment's or a customer's own, at Stripe
    | (?<=://)[^/?\#\s]{1,512}(?=@)                      # user and password in a URL
    | \b(?:bearer|basic)\s+[^\s"',]++                    # in an Authorization header
    | (?:secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-](?:code|key|token)|signing[_-]?key|private[_-]?key)
      [\w-]{0,16}+["']?\s{0,3}+[=:]\s{0,3}+(?P<value>"[^"]{1,512}"|'[^']{1,512}'|[^\s"',;&}\])]{1,512})
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Secrets by their own form, or by the name that stands before them."""
_HINTS: Final = (
    *("sk_", "tso_", "whsec_", "rk_", "secret", "passw", "passphrase", "api", "access", "signing", "private"),
    *("bearer", "basic", "://"),
)
"""Words of which one is in every such text, and in hardly any other: looking for them first takes a fifteenth of the
time."""

_LOOKED_AT_MAX: Final = 4096
"""The characters of a quoted text that are looked at: many more than are shown."""


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether the value under the name `name` is a secret, whatever its form."""
    return _SECRET_NAME.search(name) is not None


def redacted(text: str) -> str:
    """`text` without anything that looks like a secret; no part of a text that holds a card number."""
    if holds_card_number(text):
        return REDACTED
    lower = text.lower()
    # A loop: any() of a generator takes twice the time, and every value of every log line comes here.
    for hint in _HINTS:
        if hint in lower:
            return _SECRET_TEXT.sub(_without_value, text)
    return text


def quotable(text: str, characters_max: int) -> str:
    """The part of a foreign text that can be shown: printable, without secrets, and cut. The cut is never within a
    number, since a part of a card number would not be recognised any more."""
    shown = redacted("".join(character if character.isprintable() else " " for character in text[:_LOOKED_AT_MAX]))
    return shown if len(shown) <= characters_max else cut(shown, characters_max)


def cut(text: str, characters_max: int) -> str:
    """The beginning of `text`, with an ellipsis where something is missing."""
    if len(text) <= characters_max:
        return text
    return text[:characters_max].rstrip(string.digits + string.punctuation + string.whitespace) + "…"


def _without_value(secret: re.Match[str]) -> str:
    named = secret["value"]
    return REDACTED if named is None else secret[0].removesuffix(named) + REDACTED
