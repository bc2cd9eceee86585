"""Our accounts' names in beancount and hledger: every account has one name, and every name stands for one account.

`psp:simulator:clearing` is `Assets:Psp:Simulator:Clearing`. The root in front is the
kind of account in those tools. A part keeps its letters and digits; any other byte of it is `-` and two hexadecimal
digits (`mer_1` is `Mer-5f1`). A part has to begin with a capital letter or a digit: a small letter is raised, and
before anything else stands `X-` (`EUR` is `X-EUR`).
"""

from functools import lru_cache

from domain.ledger.accounts import AccountCode, Side, account

_MEMORANDUM = "Equity:Memorandum"
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
NAMES_REMEMBERED_MAX = 65_536


@lru_cache(maxsize=NAMES_REMEMBERED_MAX)
def foreign_name(code: AccountCode) -> str:
    """The name of one of our accounts in beancount and hledger. Raises UnknownAccount."""
    return ":".join((_root(code), *map(_written, code.split(":"))))


def _root(code: AccountCode) -> str:
    """The root of the name. Memorandum accounts are nobody's money: in equity their total is zero."""
    normal = account(code).normal
    match code.split(":"):
        case ["holds", *_] | ["merchant", _, "authorized"]:
            return _MEMORANDUM
        case ["fx", *_]:
            return "Equity"
        case ["platform", "provisions"]:
            return "Liabilities"
        case ["platform", *_]:
            return "Income" if normal is Side.CREDIT else "Expenses"
        case ["psp", _, "fees"]:
            return "Expenses"
        case _:
            return "Assets" if normal is Side.DEBIT else "Liabilities"


def _written(part: str) -> str:
    escaped = "".join(chr(byte) if byte in _PLAIN else f"-{byte:02x}" for byte in part.encode())
    first = escaped[:1]
    if first.isdigit():
        return escaped
    return first.upper() + escaped[1:] if first.islower() else f"X-{escaped}"
