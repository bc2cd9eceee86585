"""`tallystick terms`: checked, kept, put in force and shown, from the shell."""

from pathlib import Path

import pytest

from domain.terms.events import TermsKind
from interfaces import ids
from tests.cli.conftest import Run
from tests.support.terms import TEXTS

FEES = TEXTS[TermsKind.FEES]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return written(tmp_path / "fees.json", FEES)


@pytest.fixture
def merchant(run: Run) -> str:
    return registered(run)


def registered(run: Run) -> str:
    return run("merchant", "create", "Acme").output.strip()


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("kind", TermsKind)
def test_terms_are_checked_without_being_kept(run: Run, tmp_path: Path, kind: TermsKind) -> None:
    result = run("terms", "check", kind, str(written(tmp_path / "terms.json", TEXTS[kind])))
    assert result.exit_code == 0, result.output
    assert result.output.endswith(" can be agreed.\n")
    assert "No terms were added yet" in run("terms", "list").output


def test_a_check_warns_of_fees_that_round_to_nothing_and_of_rules_that_nothing_meets(run: Run, plan: Path) -> None:
    warnings = " ".join(run("terms", "check", "fees", str(plan)).output.split()).split("Warning: ")[1:]
    assert warnings[0].startswith(
        "by “default” the fee of small captures rounds to nothing: of up to 0.17 AED, 0.17 AFN"
    )
    assert warnings[1].startswith("nothing is charged by “eu-cards” yet: no provider says where a method was issued")
    assert len(warnings) == 2


@pytest.mark.parametrize("command", ["check", "add"])
def test_a_mistake_is_told_with_its_line(run: Run, tmp_path: Path, command: str) -> None:
    path = written(tmp_path / "wrong.json", FEES.replace('"currencies": ["INR"]', '"regions": ["unknown"]'))
    result = run("terms", command, "fees", str(path))
    assert result.exit_code == 1
    assert f"{path}, line 10: “minimum_minor” says nothing of AED" in result.output
    assert "No terms were added yet" in run("terms", "list").output


def test_terms_are_added_activated_listed_and_shown(run: Run, merchant: str, plan: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "other.json", FEES.replace("standard", "special").replace("\n", "\r\n\t"))
    daily = written(tmp_path / "daily.json", TEXTS[TermsKind.PAYOUTS])
    assert run("terms", "show", "fees").exit_code == 1
    assert [run("terms", "add", "fees", str(path)).output for path in (plan, other, plan)] == ["1\n", "2\n", "1\n"]
    assert run("terms", "add", "payouts", str(daily)).output == "1\n"
    assert run("terms", "activate", "fees", "1", "--as", "anna").output == (
        "fees standard:1 is in force for everybody else.\n"
    )
    assert run("terms", "activate", "fees", "2", "--merchant", merchant).output == (
        f"fees special:2 is in force for {merchant}.\n"
    )
    listed = run("terms", "list").output
    assert listed.count("added") == 3
    assert listed.count("activated") == 2
    assert "operator:anna@cli" in listed
    assert merchant in listed
    assert "fees" not in run("terms", "list", "payouts").output
    assert run("terms", "show", "fees").stdout_bytes == plan.read_bytes()
    assert run("terms", "show", "fees", "2").stdout_bytes == other.read_bytes()


def test_what_is_in_force_for_a_merchant_is_told(run: Run, merchant: str, plan: Path) -> None:
    assert run("terms", "of", merchant).output.count("default:0") == len(TermsKind)
    run("terms", "add", "fees", str(plan))
    run("terms", "activate", "fees", "1", "--merchant", merchant)
    own = run("terms", "of", merchant).output
    assert "standard:1" in own
    assert "this merchant" in own
    assert own.count("default:0") == len(TermsKind) - 1
    another = registered(run)
    assert "standard:1" not in run("terms", "of", another).output
    run("terms", "activate", "fees", "1")
    everybodys = run("terms", "of", another).output
    assert "standard:1" in everybodys
    assert "everybody else" in everybodys


def test_a_number_that_there_is_not_is_refused(run: Run, plan: Path) -> None:
    run("terms", "add", "fees", str(plan))
    for arguments in (("activate", "fees", "7"), ("show", "fees", "7")):
        result = run("terms", *arguments)
        assert result.exit_code == 1
        assert "There are no fees terms 7." in result.output


def test_what_is_no_kind_and_no_merchant_is_refused(run: Run, plan: Path) -> None:
    told = run("terms", "add", "fee", str(plan)).output
    assert "expected one of fees, settlement, conversion, payouts, disputes, got 'fee'" in told
    assert "expected an id such as mer_" in run("terms", "of", "acme").output
    assert "expected an id such as mer_" in run("terms", "activate", "fees", "1", "--merchant", "pay_1").output


def test_nothing_is_agreed_with_a_merchant_that_there_is_not(run: Run, plan: Path) -> None:
    run("terms", "add", "fees", str(plan))
    nobody = ids.new_id("mer")
    for result in (run("terms", "activate", "fees", "1", "--merchant", nobody), run("terms", "of", nobody)):
        assert (result.exit_code, result.output) == (1, f"Error: There is no merchant {nobody}.\n")
    assert "activated" not in run("terms", "list").output
