"""The network of a card as providers write it, in ours."""

from domain.payment.method import CardBrand

_OTHERWISE = {"american express": CardBrand.AMEX, "diners club": CardBrand.DINERS, "union pay": CardBrand.UNIONPAY}


def card_brand(text: str | None) -> CardBrand | None:
    """None for what is none that we know."""
    if text is None:
        return None
    name = text.strip().lower().replace("_", " ")
    try:
        return CardBrand(name)
    except ValueError:
        return _OTHERWISE.get(name)
