"""Our accounts under the names that beancount and hledger take, and back: every account has one name, every name one
account.

`psp:simulator:clearing` is `Assets:Psp:Simulator:Clearing`. Before our own parts stands the root by which the tools
tell what kind of account it is. A part keeps its letters and digits; any other byte of it is `-` and two hexadecimal
digits (`mer_1` is `Mer-5f1`). A part has to begin with a capital letter or a digit: a small letter is raised, and
before anything else stands `X-` (`EUR` is `X-EUR`).
"""

import re
from functools import lru_cache

from domain.ledger.accounts import AccountCode, Side, account

_MEMORANDUM = "Equity:Memorandum"
_ROOTS = (_MEMORANDUM, "Assets", "Liabilities", "Equity", "Income", "Expenses")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_ESCAPED = re.compile(r"((?:-[0-9a-f]{2})+)")
_MARKED = re.compile(r"X-(?=[A-Z-]|$)")
NAMES_REMEMBERED_MAX = 65_536


@lru_cache(maxsize=NAMES_REMEMBERED_MAX)
def foreign_name(code: AccountCode) -> str:
    """The name of one of our accounts in beancount and hledger. Raises UnknownAccount."""
    return ":".join((_root(code), *map(_written, code.split(":"))))


def own_code(name: str) -> AccountCode:
    """The account that `foreign_name` gave this name."""
    root = next(root for root in _ROOTS if name.startswith(f"{root}:"))
    return AccountCode(":".join(map(_read, name.removeprefix(f"{root}:").split(":"))))


def _root(code: AccountCode) -> str:
    """Memorandum accounts are nobody's money: in equity they make up for one another, and total nothing."""
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


def _read(written: str) -> str:
    marked = _MARKED.match(written)
    escaped = written[marked.end() :] if marked else written[:1].lower() + written[1:]
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].replace("-", "")).decode(), escaped)
