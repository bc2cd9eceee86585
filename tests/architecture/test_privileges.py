"""Every table says what the application and those who only look may do to it."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "infrastructure" / "postgres"
PRIVILEGES = (FOLDER / "privileges.sql").read_text()
MIGRATIONS = "\n".join(file.read_text() for file in sorted((FOLDER / "migrations").glob("*.sql")))


def granted_to(role: str) -> str:
    """All that is granted to the role, comments apart."""
    statements = re.sub(r"--[^\n]*", "", PRIVILEGES).split(";")
    return "\n".join(each for each in statements if each.rstrip().endswith(f"TO {role}"))


def test_each_table_is_named_for_both_roles() -> None:
    tables = set(re.findall(r"^CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?([\w.]+)", MIGRATIONS, re.MULTILINE))
    for role in ("{app}", "{reader}"):
        granted = granted_to(role)
        missing = sorted(table for table in tables if not re.search(rf"(?<![\w.]){re.escape(table)}\b", granted))
        assert missing == [], f"say in privileges.sql what {role} may do to them"


def test_each_function_that_is_called_is_named() -> None:
    called = {
        name
        for file in FOLDER.rglob("*.py")
        for name in re.findall(r"(?:FROM|SELECT)\s+([a-z_]+)\((?=%)", file.read_text())
    } & set(re.findall(r"^CREATE (?:OR REPLACE )?FUNCTION ([\w.]+)", MIGRATIONS, re.MULTILINE))
    granted = granted_to("{app}")
    assert [name for name in sorted(called) if name not in granted] == []
    assert "append_commands" in called


def test_each_column_of_a_claim_that_is_set_outside_the_functions_is_named() -> None:
    granted = re.search(r"UPDATE \(([\w, ]+)\) ON operation_claim TO \{app\}", PRIVILEGES)
    assert granted is not None
    updates = re.findall(
        r"UPDATE operation_claim(?: AS o)?\s+SET (.*?)(?:\bFROM\b|\bWHERE\b)",
        "\n".join(file.read_text() for file in sorted(FOLDER.rglob("*.py"))),
        re.DOTALL,
    )
    columns = {
        name for update in updates for name in re.findall(r"(?:^|,\s)(\w+) = ", re.sub(r"CASE.*END", "", update))
    }
    assert {"tries", "said"} <= columns
    assert sorted(columns - set(granted[1].split(", "))) == []
