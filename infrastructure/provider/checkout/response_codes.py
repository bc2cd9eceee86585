"""A response code of Checkout.com has one normalised decline reason."""

# Source: Checkout.com's documentation, "API response codes". 20xxx are soft declines, 30xxx hard declines, 40xxx those
# of the risk engine; the last two digits of the first two groups are mostly those of ISO 8583. A code that is missing
# here is a decline without a more precise reason.

from typing import Final

from domain.payment.outcome import DECLINE_CODE_OTHER

DECLINES: Final = {
    "20001": "card_declined",  # refer to card issuer
    "20002": "card_declined",
    "20003": "not_permitted",  # invalid merchant
    "20005": "do_not_honor",
    "20009": "try_again_later",  # request in progress
    "20014": "card_declined",  # invalid card number
    "20019": "try_again_later",  # re-enter transaction
    "20022": "processing_error",  # suspected malfunction
    "20046": "card_declined",  # bank decline
    "20051": "insufficient_funds",
    "20054": "expired_card",
    "20056": "card_declined",  # no card record
    "20057": "not_permitted",  # to the cardholder
    "20058": "not_permitted",  # to the terminal
    "20059": "fraud_suspected",
    "20061": "limit_exceeded",  # amount
    "20062": "blocked",  # restricted card
    "20063": "fraud_suspected",  # security violation
    "20065": "limit_exceeded",  # frequency
    "20067": "lost_or_stolen_card",  # pick up the card
    "20068": "issuer_unavailable",  # the issuer's response came too late
    "20078": "blocked",  # a new card, not unblocked yet
    "20087": "incorrect_cvc",  # bad track data: CVV or expiry date
    "20091": "issuer_unavailable",
    "20092": "issuer_unavailable",  # financial institution not found
    "20093": "not_permitted",  # violation of law
    "20096": "processing_error",  # system malfunction
    "20100": "expired_card",  # invalid expiry date format
    "20101": "invalid_token",
    "20103": "not_permitted",  # card type not supported
    "20106": "not_permitted",  # currency not supported
    "20114": "invalid_token",
    "20121": "limit_exceeded",
    "20150": "authentication_failed",  # card not enrolled for 3-D Secure
    "20151": "authentication_failed",
    "20152": "authentication_failed",  # not completed within 15 minutes
    "20153": "authentication_failed",  # 3-D Secure system malfunction
    "20154": "authentication_failed",  # 3-D Secure required
    "20179": "card_declined",  # lifecycle
    "20182": "card_declined",  # policy
    "20183": "fraud_suspected",  # security
    "200N7": "incorrect_cvc",
    "200P1": "limit_exceeded",
    "200P9": "limit_exceeded",
    "200R1": "blocked",  # the cardholder stopped the payment
    "200R3": "blocked",
    "200T3": "not_permitted",  # card not supported
    "30004": "lost_or_stolen_card",  # pick up the card
    "30007": "lost_or_stolen_card",
    "30015": "card_declined",  # no such issuer
    "30033": "expired_card",
    "30034": "fraud_suspected",
    "30036": "blocked",  # restricted card
    "30041": "lost_or_stolen_card",
    "30043": "lost_or_stolen_card",
    "30044": "card_declined",  # the account is closed
}
RISK: Final = "4"
"""The first digit of the risk engine's codes."""


def decline_code(response_code: str | None, other: str = DECLINE_CODE_OTHER) -> str:
    """The normalised reason; `other` where Checkout.com gives no reason that we know."""
    if response_code is None:
        return other
    if response_code.startswith(RISK):
        return "blocked"
    return DECLINES.get(response_code, other)
