"""ISO 20022's status and return reasons, with their meaning in words."""

from typing import Final

UNSPECIFIED: Final = "MS03"
"""The code where a bank gives no reason."""

_REASONS: Final = {
    "AC01": "the account number is incorrect",
    "AC03": "the account number is invalid",
    "AC04": "the account is closed",
    "AC06": "the account is blocked",
    "AG01": "the account does not allow this kind of payment",
    "AG02": "the bank does not know this kind of payment",
    "AM04": "there were insufficient funds",
    "AM05": "the payment was taken for a duplicate",
    "BE04": "the holder's address is missing or incorrect",
    "DT01": "the execution date is invalid",
    "FOCR": "it came back after a recall",
    "MD07": "the holder of the account has died",
    "MS02": "the holder of the account refused it, for a reason that was not given",
    UNSPECIFIED: "the bank gave no reason",
    "RC01": "the bank's identifier is incorrect",
    "RR01": "details of the payer's account are missing",
    "RR02": "the payer's name or address is missing",
    "RR03": "the holder's name or address is missing",
    "RR04": "a regulation forbids it",
}


def reason_of(code: str) -> str:
    return _REASONS.get(code, f"the bank gave the reason {code}")
