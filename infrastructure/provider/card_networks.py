"""The card networks' names at providers, mapped to ours."""

from domain.payment.method import CardBrand

_OTHERWISE = {"american express": CardBrand.AMEX, "diners club": CardBrand.DINERS, "union pay": CardBrand.UNIONPAY}


def card_brand(text: str | None) -> CardBrand | None:
    """The brand behind a provider's name of a network; None for an unknown one."""
    if text is None:
        return None
    name = text.strip().lower().replace("_", " ")
    try:
        return CardBrand(name)
    except ValueError:
        return _OTHERWISE.get(name)
