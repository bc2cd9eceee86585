"""Orders as people save them: what can be read is, and what cannot is told in a sentence with its line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from interfaces.cli.main import main
from interfaces.demo.command import EXAMPLE_ORDERS
from interfaces.demo.orders import OrdersUnreadable, read_orders

HEADER = "order,merchant,customer,amount,currency,card,capture_method,then\n"
MUELLER = "order-1,Müller & Söhne,Jürgen Müller,12.00,EUR,tok_visa,automatic,\n"


def written(folder: Path, content: bytes) -> Path:
    file = folder / "orders.csv"
    file.write_bytes(content)
    return file


def test_the_example_is_read() -> None:
    assert len(read_orders(EXAMPLE_ORDERS)) == 600


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_utf_8_is_read_with_and_without_a_mark(tmp_path: Path, encoding: str, ends: str) -> None:
    [order] = read_orders(written(tmp_path, (HEADER + MUELLER).replace("\n", ends).encode(encoding)))
    assert (order.order, order.merchant, order.customer) == ("order-1", "Müller & Söhne", "Jürgen Müller")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ((HEADER + MUELLER).encode("utf-16"), "is UTF-16, or no text at all. Save it as UTF-8"),
        ((HEADER + MUELLER).encode("utf-16-le"), "is UTF-16"),
        ((HEADER + MUELLER).encode("latin-1"), "line 2: a character that is not UTF-8"),
        (b"", "the header lacks order, merchant"),
        (HEADER.encode(), "there are no orders in it"),
        ((HEADER + "order-1,Shop\n").encode(), "line 2: it has no customer"),
        ((HEADER + MUELLER.strip() + ",more,and more\n").encode(), "line 2: it has more columns than the header"),
        ((HEADER + MUELLER.replace("EUR", "EUX")).encode(), "line 2: 'EUX' is no currency of ISO 4217"),
        ((HEADER + MUELLER.replace("12.00", "12.001")).encode(), "line 2: '12.001' is no amount of EUR"),
        ((HEADER + MUELLER.replace("12.00", "0")).encode(), "line 2: 0 minor units cannot be paid"),
        ((HEADER + MUELLER.replace("automatic", "later")).encode(), "line 2: 'later' is not a valid CaptureMethod"),
        ((HEADER + MUELLER.replace("Jürgen", "J\x00")).encode(), "or no text at all"),
        (
            (HEADER + MUELLER.replace("Jürgen", "J\x07")).encode(),
            "line 2: customer has a character that cannot be printed",
        ),
        ((HEADER + MUELLER + MUELLER).encode(), "line 3: order order-1 is there twice"),
        ((HEADER + '"' + "x" * 200_000 + '"\n').encode(), "field larger than field limit"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    file = written(tmp_path, content)
    with pytest.raises(OrdersUnreadable, match=says):
        read_orders(file)
    told = CliRunner().invoke(main, ["demo", "--orders", str(file)])
    assert told.exit_code == 1
    assert told.output.startswith("Error: ")
    assert "Traceback" not in told.output
