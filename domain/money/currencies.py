"""The currencies of ISO 4217, those of today and those withdrawn, and how many decimals each one's minor unit has.

A new payment is made in a currency of list one. What is in the books is read and exported in its currency for ever, so
an amendment that withdraws a currency adds its code to `_WITHDRAWN` and takes its decimals from nowhere.

Source: ISO 4217 list one of 2026-01-01; a test holds it against the `iso4217` package. Codes without a minor unit
(precious metals, XDR, test codes) are left out: no card payment is made in them. Withdrawn codes are those of list
three. That list names no minor units: they are those that list one had last, as the earlier editions say that
https://github.com/datasets/currency-codes keeps since 2012, and OpenJDK's java.util.Currency of those before. Codes
withdrawn before the year 2000, of which neither knows any, are left out.
"""

from domain.errors import DomainError

_TWO_DECIMALS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
AFA ANG ATS AYM AZM BGL BGN CSD CUC CYP DEM EEK FIM FRF GHC HRK IEP LTL LVL MRO MTL MZM NLG RUR SDD SIT SKK SLL
SRG STD TMM USS VEB VEF YUM ZMK ZWD ZWL ZWN ZWR
"""
_OTHER_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF "
    "ADP BEF BYB BYR ESP GRD ITL LUF MGF PTE ROL TPE TRL",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

_WITHDRAWN = """
ADP AFA ANG ATS AYM AZM BEF BGL BGN BYB BYR CSD CUC CYP DEM EEK ESP FIM FRF GHC GRD HRK IEP ITL LTL LUF LVL MGF MRO MTL
MZM NLG PTE ROL RUR SDD SIT SKK SLL SRG STD TMM TPE TRL USS VEB VEF YUM ZMK ZWD ZWL ZWN ZWR
"""

READABLE_DECIMALS: dict[str, int] = dict.fromkeys(_TWO_DECIMALS.split(), 2) | {
    code: decimals for decimals, codes in _OTHER_DECIMALS.items() for code in codes.split()
}
"""The decimals of every currency that can be in the books: those of lists one and three."""

DECIMALS: dict[str, int] = {
    code: decimals for code, decimals in READABLE_DECIMALS.items() if code not in _WITHDRAWN.split()
}
"""The decimals of the currencies in which a new payment can be made: list one."""


class UnknownCurrency(DomainError):
    """The code is no currency of ISO 4217 that has a minor unit, or is one in which no payment begins any more."""

    currency: str


def decimals(currency: str) -> int:
    """The number of decimals of `currency`, withdrawn or not: 2 for EUR, 0 for JPY. Raises UnknownCurrency."""
    try:
        return READABLE_DECIMALS[currency]
    except KeyError:
        raise UnknownCurrency(currency=currency) from None


def require_current(currency: str) -> None:
    """Refuse a currency that list one does not have, or has no more. Raises UnknownCurrency."""
    if currency not in DECIMALS:
        raise UnknownCurrency(currency=currency)
