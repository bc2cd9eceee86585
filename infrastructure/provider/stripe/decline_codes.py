"""A decline reason of Stripe has one normalised reason; an unlisted or new reason is the operation's plain refusal."""

# Source: docs.stripe.com/declines/codes (a card's `decline_code`) and docs.stripe.com/error-codes (an error's `code`).

from collections.abc import Mapping
from typing import Final

DECLINE_CODES: Final[Mapping[str, str]] = {
    "approve_with_id": "try_again_later",
    "authentication_not_handled": "authentication_failed",
    "authentication_required": "authentication_failed",
    "call_issuer": "card_declined",
    "card_declined": "card_declined",
    "card_not_supported": "not_permitted",
    "card_velocity_exceeded": "limit_exceeded",
    "currency_not_supported": "not_permitted",
    "do_not_honor": "do_not_honor",
    "do_not_try_again": "card_declined",
    "duplicate_transaction": "card_declined",
    "expired_card": "expired_card",
    "fraudulent": "fraud_suspected",
    "generic_decline": "card_declined",
    "incorrect_cvc": "incorrect_cvc",
    "incorrect_number": "invalid_token",
    "incorrect_pin": "authentication_failed",
    "insufficient_funds": "insufficient_funds",
    "invalid_account": "card_declined",
    "invalid_amount": "limit_exceeded",
    "invalid_cvc": "incorrect_cvc",
    "invalid_expiry_month": "expired_card",
    "invalid_expiry_year": "expired_card",
    "invalid_number": "invalid_token",
    "invalid_pin": "authentication_failed",
    "issuer_not_available": "issuer_unavailable",
    "lost_card": "lost_or_stolen_card",
    "merchant_blacklist": "blocked",
    "no_action_taken": "card_declined",
    "not_permitted": "not_permitted",
    "offline_pin_required": "authentication_failed",
    "online_or_offline_pin_required": "authentication_failed",
    "payment_intent_authentication_failure": "authentication_failed",
    "pickup_card": "lost_or_stolen_card",
    "pin_try_exceeded": "authentication_failed",
    "processing_error": "processing_error",
    "reenter_transaction": "try_again_later",
    "restricted_card": "not_permitted",
    "revocation_of_all_authorizations": "not_permitted",
    "revocation_of_authorization": "not_permitted",
    "security_violation": "card_declined",
    "service_not_allowed": "not_permitted",
    "stolen_card": "lost_or_stolen_card",
    "stop_payment_order": "not_permitted",
    "transaction_not_allowed": "not_permitted",
    "try_again_later": "try_again_later",
    "withdrawal_count_limit_exceeded": "limit_exceeded",
}


def normalised(*said: str | None, otherwise: str) -> str:
    """The normalised reason of the first known code in `said`, else `otherwise`; the most precise code comes first."""
    return next((DECLINE_CODES[code] for code in said if code is not None and code in DECLINE_CODES), otherwise)
