"""`tallystick demo`, from nothing to its last line, on a few orders: what it says of itself is what programs read."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from interfaces.demo.book_checkers import PROGRAMS, located
from interfaces.demo.command import EXAMPLE_ORDERS

ORDERS = 24
REFUSED = """Größe 7,Müller & Söhne,Jürgen Müller,12.00,EUR,tok_visa,automatic,
too-much,Northwind Books,customer-1,12.00,EUR,tok_visa,automatic,refund 99.00
"""
LASTS_AT_MOST_S = 300
"""On a machine that does much else."""


@pytest.mark.system
@pytest.mark.timeout(LASTS_AT_MOST_S + 30)
def test_every_promise_holds_on_a_few_orders(folder: Path) -> None:
    orders = folder / "orders.csv"
    listed = "".join(EXAMPLE_ORDERS.read_text().splitlines(keepends=True)[: 1 + ORDERS])
    # A spreadsheet's mark at the beginning, a customer whom the API refuses, and more back than was taken.
    orders.write_text(listed + REFUSED, encoding="utf-8-sig")
    home = folder / "home"
    ran = subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "demo", "--orders", str(orders)],
        env={**os.environ, "TALLYSTICK_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=LASTS_AT_MOST_S,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    told = msgspec.json.decode(ran.stdout.splitlines()[-1])
    assert told["payments"] == ORDERS + 1
    assert told["orders_refused"] == 2
    assert "order Größe 7: refused with 400" in ran.stdout
    assert "order too-much, refund 99.00 EUR: refused with 422" in ran.stdout
    assert told["incidents"] == {"fallback": True, "unknown_told_by_webhook": True, "dead_letter_retried": True}
    assert told["money"] == {
        "paid_out": True,
        "dispute_won": True,
        "dispute_lost": True,
        "converted": True,
        "bank_books_equal": True,
    }
    assert told["books_checked_by"] == [program.name for program in PROGRAMS if located(program.name)]
    assert not any(told["trial_balance"].values())
    assert list((home / "demo").iterdir()) == []
