"""The way back from a name in beancount and hledger to our account: proof that no two accounts share a name."""

import re

from domain.ledger.accounts import AccountCode

_ROOTS = ("Equity:Memorandum", "Assets", "Liabilities", "Equity", "Income", "Expenses")
_ESCAPED = re.compile(r"((?:-[0-9a-f]{2})+)")
_MARKED = re.compile(r"X-(?=[A-Z-]|$)")


def own_code(name: str) -> AccountCode:
    """The account that `foreign_name` gave this name."""
    root = next(root for root in _ROOTS if name.startswith(f"{root}:"))
    return AccountCode(":".join(map(_read, name.removeprefix(f"{root}:").split(":"))))


def _read(written: str) -> str:
    marked = _MARKED.match(written)
    escaped = written[marked.end() :] if marked else written[:1].lower() + written[1:]
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].replace("-", "")).decode(), escaped)
