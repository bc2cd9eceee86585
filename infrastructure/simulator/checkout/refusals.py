"""Each refusal of the simulator has one response code of Checkout.com."""

from typing import Final

from msgspec import Struct

from infrastructure.simulator.tokens import Refusal


class Told(Struct, frozen=True):
    """The result of a payment or an action."""

    response_code: str | None
    response_summary: str | None


APPROVED: Final = Told("10000", "Approved")
UNDER_WAY: Final = Told(None, None)
DO_NOT_HONOUR: Final = Told("20005", "Declined - Do Not Honour")
DECLINES: Final = {
    "card_declined": DO_NOT_HONOUR,
    "insufficient_funds": Told("20051", "Insufficient Funds"),
    "expired_card": Told("20054", "Expired Card"),
    "fraud_suspected": Told("20059", "Suspected Fraud"),
    "canceled": Told("20017", "Customer Cancellation"),
    "issuer_unavailable": Told("20068", "Response Received Too Late / Timeout"),
    "incorrect_cvc": Told("20087", "Bad Track Data (invalid CVV and/or expiry date)"),
    "try_again_later": Told("20019", "Re-enter Transaction"),
    "processing_error": Told("20096", "System Malfunction"),
    "authentication_failed": Told("20151", "Cardholder failed 3DS authentication"),
    "lost_or_stolen_card": Told("30043", "Stolen Card - Pick Up"),
    "blocked": Told("40101", "Payment blocked due to risk"),
}


def told(refusal: Refusal | None) -> Told:
    """The result for a refusal or, for None, a success.

    A refusal without a code at Checkout.com becomes the issuer's "do not honour".
    """
    return APPROVED if refusal is None else DECLINES.get(refusal.code, DO_NOT_HONOUR)
